"""The package under mypy's strictest rules, and programs that use it: correct ones pass, mistakes are detected."""
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

from support import HERE

PACKAGE = os.path.normpath(os.path.join(HERE, ".."))

PROGRAM = """
from generation_service import Client, Lot

client = Client("https://service.test", "key")
lot: Lot = {"lot_id": "a", "images": [{"url": "https://example.com/1.jpg"}]}
job = client.create_batch(each for each in [lot])["job_id"]
with client.stream_results(job) as results:
    texts = [text["damages"] for each in results for text in each["descriptions"]]
"""

MISTAKES = ['job["status"]', 'client.status(job)["progres"]', "client.stream_results(7)", "client.create_batch(lot)"]


@unittest.skipUnless(importlib.util.find_spec("mypy"), "needs mypy (Tests/requirements.txt)")
class Types(unittest.TestCase):
    def mypy(self, *arguments):
        with tempfile.TemporaryDirectory() as cache:
            return subprocess.run(
                [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--cache-dir", cache, *arguments], cwd=PACKAGE, capture_output=True,
                text=True, check=False, env={**os.environ, "MYPYPATH": "src"})

    def test_the_package(self):
        done = self.mypy("--package", "generation_service")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_programs(self):
        done = self.mypy("--command", PROGRAM)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = self.mypy("--command", PROGRAM + "\n".join(MISTAKES))
        lines = {line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line}
        first = PROGRAM.count("\n") + 1
        self.assertEqual(lines, {str(first + number) for number in range(len(MISTAKES))}, done.stdout)


if __name__ == "__main__":
    unittest.main()
