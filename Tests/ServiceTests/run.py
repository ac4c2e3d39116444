#!/usr/bin/env python3
"""Starts simulators and a server on free ports with a fresh database, and runs the scripts of this folder against them.

Environment: TEST_DATABASE_URL, a server that allows new databases; BINARIES, the folder with the built programs (default: the
debug build); PYTHON, an interpreter that has requests (default: this one). Arguments choose scripts by name.
"""
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts"))
import stack  # noqa: E402

SCRIPTS = [
    "bad_input_test", "document_client_test", "document_node_test", "document_shapes_test", "batch_test",
    "webhook_signatures_test", "metrics_test", "openapi_test", "schemathesis_test", "kill_test", "python_client_test",
    "node_client_test", "logs_test", "check_test", "deploy_test", "docs_test", "nginx_test",
    "counters_test", "browser_test", "provider_requests_test",
]


def make_database(server_url):
    """A new database, so that the lists have only this run's jobs."""
    name = "service_" + uuid.uuid4().hex[:12]
    psql(server_url, f'CREATE DATABASE "{name}"')
    return urllib.parse.urlsplit(server_url)._replace(path="/" + name).geturl(), name


def psql(url, command):
    subprocess.run(["psql", url, "--no-psqlrc", "-q", "-c", command], check=True, capture_output=True)


def main():
    binaries = os.environ.get("BINARIES") or os.path.join(stack.ROOT, ".build", "debug")
    server_url = os.environ["TEST_DATABASE_URL"]
    database_url, database = make_database(server_url)
    failed = []
    with tempfile.TemporaryDirectory() as logs:
        running = stack.Stack(binaries, logs)
        try:
            environment = start(running, database_url)
            for script in sys.argv[1:] or SCRIPTS:
                done = subprocess.run(
                    [os.environ.get("PYTHON") or sys.executable, os.path.join(HERE, script + ".py")], env=environment, check=False)
                if done.returncode != 0:
                    failed.append(script)
            failed += running.leaks()
            if failed:
                print("".join(f"--- {child.name}\n{child.last_lines(40)}" for child in running.children))
        finally:
            running.stop()
            psql(server_url, f'DROP DATABASE "{database}" WITH (FORCE)')
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def start(running, database_url):
    """The environment of the scripts."""
    outside = stack.simulated_outside(running, batch_seconds=0.5)
    key, port = uuid.uuid4().hex * 2, stack.free_port()
    settings = {
        **outside.server, "DATABASE_URL": database_url, "SHARED_KEY": key,
        "SHARED_KEY_PREVIOUS": uuid.uuid4().hex * 2, "SESSION_SECRET": uuid.uuid4().hex * 2, "OPENAI_API_KEY": f"sk-{uuid.uuid4().hex}",
        "ACCEPT_NODE_EXAMPLE_SIGNATURES": "true",
        "METRICS_BIND": f"127.0.0.1:{stack.free_port()}", "WORKER_THREADS": "2", "LOG_LEVEL": "DEBUG",
        "LOG_FILE": os.path.join(running.logs, "service.log"), "SPOOL_DIR": running.logs,
        "RATE_LIMIT_SYNC": "0", "RATE_LIMIT_BATCH": "0", "RATE_LIMIT_POLL": "0",
    }
    base_url = running.server(port, settings)
    return {
        **os.environ, "BASE_URL": base_url, "SHARED_KEY": key, "DATABASE_URL": database_url, "PYTHONDONTWRITEBYTECODE": "1",
        "SEARCH_FOR_SECRETS": "1",
        "IMAGES_URL": outside.images, "WEBHOOK_URL": outside.webhooks, "OPENAI_STATE_URL": outside.openai + "/_sim/state",
        "METRICS_URL": f"http://{settings['METRICS_BIND']}/metrics",
        "BINARIES": running.binaries, "SERVER_PID": str(running.children[-1].pid), "SERVER_SETTINGS": json.dumps(settings),
    }


if __name__ == "__main__":
    main()
