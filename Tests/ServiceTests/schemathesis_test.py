#!/usr/bin/env python3
"""schemathesis generates valid and invalid requests from /openapi.json, and every reply must be as documented: no other status,
content type, header or member, and no 5xx. Once with valid signatures, once without.

Environment: set by run.py, with a PYTHON that has schemathesis. SEED (default 1) chooses other requests. EXAMPLES sets
their number per operation and adds sequences of requests (`make test-deep`); the short form has 8 and no sequences.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from contract import CheckedClient, Contract
from provider import set_faults

HERE = os.path.dirname(os.path.abspath(__file__))
BASE_URL = os.environ["BASE_URL"]

# Signed requests reach the endpoints, so their replies must include these.
SURE = {
    ("POST /api/v1/generate-descriptions", 200), ("POST /api/v1/generate-descriptions", 201),
    ("POST /api/v1/generate-descriptions", 400), ("POST /api/v1/generate-descriptions", 415),
    ("GET /api/v1/batch-status/{job_id}", 200), ("GET /api/v1/batch-status/{job_id}", 404),
    ("GET /api/v1/batch-jobs", 200), ("GET /api/v1/batch-jobs", 400),
}
# These need a job in the right state at the right moment: only many requests are sure to meet one.
LIKELY = {
    ("GET /api/v1/batch-results/{job_id}", 202),
    ("POST /api/v1/batch-jobs/{job_id}/cancel", 200), ("POST /api/v1/batch-jobs/{job_id}/cancel", 409),
}
DEEP = int(os.environ.get("EXAMPLES") or 0)
BEFORE_SIGNATURES = {400, 401, 403, 404, 405, 413, 415}


def main():
    with urllib.request.urlopen(BASE_URL + "/openapi.json", timeout=30) as reply:
        client = CheckedClient(BASE_URL, os.environ["SHARED_KEY"], Contract(json.load(reply)))
    # Half of the jobs stay open, so that a cancel succeeds even with slow requests.
    set_faults({"batches": [{"fault": "stuck", "probability": 0.5}]})
    # A head that never ends; it gets its reply before schemathesis has finished.
    with client.connect(b"GET /health/live HTTP/1.1\r\nHost: x\r\n") as slow:
        signed = run("signed", max_examples=DEEP or 8)
        reached = SURE | LIKELY if DEEP else SURE
        assert reached <= set(signed), f"never reached: {reached - set(signed)}"
        unsigned = run("unsigned", max_examples=DEEP // 2 or 4, sign="no")
        told = {status for operation, status in unsigned if "/api/" in operation}
        assert {401, 403} <= told <= BEFORE_SIGNATURES, f"told without a signature: {told}"
        status, _, content = client.answer(slow, "GET", "/health/live")
        assert status == 408 and json.loads(content)["code"] == "REQUEST_TIMEOUT", (status, content)
    print("schemathesis_test: ok")


def run(name, max_examples, sign="yes"):
    """One run; counts each status per operation."""
    with tempfile.TemporaryDirectory() as folder:
        tally = os.path.join(folder, "tally")
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": HERE, "SIGN": sign, "TALLY": tally}
        command = [
            sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
            "--config-file", os.path.join(HERE, "schemathesis.toml"), "run", BASE_URL + "/openapi.json",
            "--phases", "examples,coverage,fuzzing" + (",stateful" if DEEP else ""), "--checks", "all", "--seed", os.environ.get("SEED") or "1",
            "--max-examples", str(max_examples), "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all",
            "--request-timeout", "60", "--no-color",
        ]
        began = time.monotonic()
        # A time limit for failures only: half a minute per example.
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=30 * max_examples + 600)
        assert done.returncode == 0, f"{name}:\n{done.stdout[-20_000:]}\n{done.stderr[-5000:]}"
        with open(tally, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
    replies = collections.Counter((operation, int(status)) for operation, status, _ in lines)
    codes = collections.Counter(code for _, _, code in lines)
    print(f"schemathesis, {name}: {time.monotonic() - began:.0f} s, {summary(done.stdout)}")
    print("  replies: " + ", ".join(f"{status} x{count}" for status, count in by_status(replies)))
    print("  codes: " + ", ".join(f"{code} x{count}" for code, count in codes.most_common() if code != "-"))
    return replies


def by_status(replies):
    statuses = collections.Counter()
    for (_, status), count in replies.items():
        statuses[status] += count
    return sorted(statuses.items())


def summary(text):
    """schemathesis's own count of cases."""
    return "; ".join(re.findall(r"^.*(?:generated|passed|No issues found).*$", text, re.MULTILINE)).strip()


if __name__ == "__main__":
    main()
