"""The running service, started by Tests/ServiceTests/run.py of the repository; the environment has its address. Not a test by itself."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import uuid

from support import ROOT
from generation_service import Client

sys.path[:0] = [os.path.join(ROOT, "Tests", "ServiceTests"), os.path.join(ROOT, "scripts")]
needed = unittest.skipUnless("BASE_URL" in os.environ, "needs a running service: Tests/ServiceTests/run.py python_client_test")


class LiveTest(unittest.TestCase):
    def client(self, url=None, **settings):
        client = Client(url or os.environ["BASE_URL"], os.environ["SHARED_KEY"], **settings)
        self.addCleanup(client.close)
        return client

    def ended(self, client, job_id):
        status = client.wait(job_id, poll_seconds=0.1, timeout_seconds=120)
        self.assertEqual(status["status"], "completed", status)
        return status


class Instance:
    """Another instance of the service, with its own settings."""

    def __init__(self, **settings):
        import stack

        self._logs = tempfile.TemporaryDirectory()
        self._stack = stack.Stack(os.environ["BINARIES"], self._logs.name)
        given = {
            **json.loads(os.environ["SERVER_SETTINGS"]), "METRICS_BIND": f"127.0.0.1:{stack.free_port()}",
            "LOG_FILE": os.path.join(self._logs.name, "service.log"), "SPOOL_DIR": self._logs.name, **settings,
        }
        try:
            self.url = self._stack.server(stack.free_port(), given)
        except BaseException:
            self.close()
            raise

    def close(self):
        self._stack.stop()
        self._logs.cleanup()


class Database:
    """A database that a test can remove."""

    def __init__(self):
        self._server = os.environ["DATABASE_URL"]
        self._name = "client_" + uuid.uuid4().hex[:12]
        self._run(f'CREATE DATABASE "{self._name}"')
        self.url = urllib.parse.urlsplit(self._server)._replace(path="/" + self._name).geturl()

    def drop(self):
        self._run(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def _run(self, command):
        subprocess.run(["psql", self._server, "--no-psqlrc", "-q", "-c", command], check=True, capture_output=True)
