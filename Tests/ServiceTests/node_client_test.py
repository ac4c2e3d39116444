#!/usr/bin/env python3
"""All tests of clients/node, against the running server and a second instance with low limits on the same database.

Environment: set by run.py.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import stack  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as folder:
        running = stack.Stack(os.environ["BINARIES"], folder)
        spool = os.path.join(folder, "spool")
        os.mkdir(spool)
        try:
            environment = {**os.environ, "LIMITED_URL": limited(running, spool), "LIMITED_SPOOL": spool}
            done = subprocess.run(["node", "--test", *tests()], cwd=ROOT, env=environment, timeout=560, check=False)
            if done.returncode != 0:
                print("".join(child.last_lines(40) for child in running.children))
        finally:
            running.stop()
    assert done.returncode == 0, f"node ended with {done.returncode}"
    print("node_client_test: ok")


def tests():
    """By name, because versions of Node differ in the files that `node --test FOLDER` takes for tests."""
    found = sorted(glob.glob(os.path.join(ROOT, "clients", "node", "test", "*.test.js")))
    assert found, "there are no tests"
    return found


def limited(running, spool):
    """Three polls a minute, and a separate folder for large bodies."""
    settings = json.loads(os.environ["SERVER_SETTINGS"])
    settings |= {"RATE_LIMIT_POLL": "3", "SPOOL_DIR": spool, "METRICS_BIND": f"127.0.0.1:{stack.free_port()}",
                 "LOG_FILE": os.path.join(running.logs, "service.log")}
    return running.server(stack.free_port(), settings)


if __name__ == "__main__":
    main()
