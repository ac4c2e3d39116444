#!/usr/bin/env python3
"""`generation-service check` (C8, C9): a verdict per part, the exit status, and no secret in its output.

Environment: set by run.py.
"""
import json
import os
import re
import subprocess
import tempfile
import urllib.parse

from document_shapes_test import psql
from front import stack

PROGRAM = os.path.join(os.environ["BINARIES"], "generation-service")


def check(expected, **changes):
    """The findings by item, and the whole output. A change to None removes a variable."""
    settings = {**json.loads(os.environ["SERVER_SETTINGS"]), **changes}
    secrets = [settings[name] for name in ("SHARED_KEY", "OPENAI_API_KEY", "SHARED_KEY_PREVIOUS") if settings.get(name)]
    if settings.get("DATABASE_URL"):
        secrets.append(urllib.parse.urlsplit(settings["DATABASE_URL"]).password)
    environment = {"PATH": os.environ["PATH"], **{name: value for name, value in settings.items() if value is not None}}
    done = subprocess.run([PROGRAM, "check"], env=environment, cwd=tempfile.gettempdir(), capture_output=True, text=True,
                          timeout=120, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == expected, (done.returncode, text)
    for secret in filter(None, secrets):
        assert secret not in text, f"a secret is in:\n{text}"
    findings = {}
    for line in done.stdout.splitlines():
        found = re.match(r"(\w+) +(ok|WARNING|FAILED) +(.+)", line)
        if found:
            findings.setdefault(found[1], []).append((found[2], found[3]))
    return findings, text


def verdicts(findings):
    return {item: [verdict for verdict, _ in all_of_it] for item, all_of_it in findings.items()}


def main():
    check_well()
    check_settings()
    check_database()
    check_provider()
    check_folders()
    print("check_test: ok")


def check_well():
    before = psql("SELECT count(*) FROM batch_jobs")
    findings, text = check(0, ACCEPT_NODE_EXAMPLE_SIGNATURES="false")
    parts = ["settings", "database", "schema", "openai", "vision", "translate", "spool", "log"]
    assert verdicts(findings) == {part: ["ok"] for part in parts}, text
    assert text.endswith("All is well.\n"), text
    assert re.match(r"PostgreSQL \d+\.\d+", findings["database"][0][1]), text
    assert re.search(r"answered in \d+ ms; \d+ models", findings["openai"][0][1]), text
    assert psql("SELECT count(*) FROM batch_jobs") == before
    # A warning is no failure.
    findings, text = check(0, ACCEPT_NODE_EXAMPLE_SIGNATURES="true")
    assert verdicts(findings)["settings"] == ["ok", "WARNING"] and "1 of 9 checks warn" in text, text


def check_settings():
    """Reports every mistake at once, without any connection."""
    findings, text = check(1, SHARED_KEY="too-short-a-key", OPENAI_API_KEY=None, LOG_FORMAT="xml", RATE_LIMIT_POLL="many")
    assert findings == {}, text
    for name in ("SHARED_KEY must have at least 32", "OPENAI_API_KEY must be set", "LOG_FORMAT must be text or json", "RATE_LIMIT_POLL must"):
        assert name in text, text


def check_database():
    url = urllib.parse.urlsplit(json.loads(os.environ["SERVER_SETTINGS"])["DATABASE_URL"])
    nowhere = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{stack.free_port()}").geturl()
    findings, text = check(1, DATABASE_URL=nowhere)
    assert verdicts(findings)["database"] == ["FAILED"] and verdicts(findings)["openai"] == ["ok"], text
    findings, text = check(1, DATABASE_URL=url._replace(netloc=url.netloc.replace(url.password, "not-the-password")).geturl())
    assert verdicts(findings)["database"] == ["FAILED"] and "password authentication failed" in text, text
    # A database of a newer version: this program must refuse to start on it.
    psql("INSERT INTO schema_migrations (number, name) VALUES (9999, 'of the future') RETURNING 1")
    try:
        findings, text = check(1)
        assert verdicts(findings)["schema"] == ["FAILED"] and "newer version" in text, text
    finally:
        psql("DELETE FROM schema_migrations WHERE number = 9999 RETURNING 1")
    # An empty database: the next start creates the schema, the check does not.
    name = "check_" + os.urandom(6).hex()
    psql(f'CREATE DATABASE "{name}"')
    try:
        empty = url._replace(path="/" + name).geturl()
        findings, text = check(0, DATABASE_URL=empty)
        assert verdicts(findings)["schema"] == ["ok"] and "the next start makes it" in text, text
        assert psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", url=empty) == [["0"]]
    finally:
        psql(f'DROP DATABASE "{name}" WITH (FORCE)')


def check_provider():
    findings, text = check(1, OPENAI_BASE_URL=f"http://127.0.0.1:{stack.free_port()}/v1")
    assert verdicts(findings)["openai"] == ["FAILED"] and "vision" not in findings, text
    findings, text = check(0, OPENAI_MODEL_VISION="no-such-model,o4-mini")
    assert findings["vision"] == [("WARNING", "no-such-model is not there, o4-mini")], text
    findings, text = check(1, OPENAI_MODEL_TRANSLATION="no-such-model")
    assert verdicts(findings)["translate"] == ["FAILED"], text


def check_folders():
    findings, text = check(1, SPOOL_DIR="/no/such/folder")
    assert findings == {} and "SPOOL_DIR" in text, text
    # A folder that exists but accepts no file from any user.
    findings, text = check(1, SPOOL_DIR="/proc/self")
    assert "/proc/self" in text and verdicts(findings).get("spool", ["FAILED"]) == ["FAILED"], text
    findings, text = check(0, LOG_FILE=f"{__file__}/log")
    assert verdicts(findings)["spool"] == ["ok"] and verdicts(findings)["log"] == ["WARNING"], text


if __name__ == "__main__":
    main()
