#!/usr/bin/env python3
"""The Python client's own tests (clients/python/tests), including those against the running service: none may be skipped.

Environment: set by run.py. Arguments choose tests as for unittest (test_retry.Calls).
"""
import os
import sys
import unittest

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "clients", "python", "tests")


def main():
    sys.path.insert(0, os.path.normpath(TESTS))
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(os.path.normpath(TESTS))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    assert result.wasSuccessful() and result.testsRun > 0 and not result.skipped, result
    print(f"python_client_test: ok ({result.testsRun} tests)")


if __name__ == "__main__":
    main()
