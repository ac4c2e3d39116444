#!/usr/bin/env python3
"""The log (C9): rotation under load loses no line, a blocked standard output delays nothing, and a request's id finds all the
work for it.

Environment: set by run.py. The test starts its own servers.
"""
import glob
import http.client
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

from client import Client
from document_shapes_test import psql
from front import stack
from receiver import Receiver

THREADS, EACH, ROTATIONS = 4, 600, 6
TEXT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [^\x00-\x1f]+"


class Server:
    """A separate server. Its standard output is a pipe that is read only at the end, when it has the lines that fit."""

    def __init__(self, folder, **changes):
        self.port, self.log = stack.free_port(), os.path.join(folder, "service.log")
        self.is_json = changes.get("LOG_FORMAT") == "json"
        metrics = stack.free_port()
        settings = {**json.loads(os.environ["SERVER_SETTINGS"]), "BIND": f"127.0.0.1:{self.port}", "WORKER_THREADS": "1",
                    "METRICS_BIND": f"127.0.0.1:{metrics}", "INSTANCE_ID": f"logs-{self.port}", "LOG_FILE": self.log, **changes}
        self.process = subprocess.Popen(
            [os.path.join(os.environ["BINARIES"], "generation-service"), "serve"], env={"PATH": os.environ["PATH"], **settings},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.url = f"http://127.0.0.1:{self.port}"
        until("the server is ready", lambda: stack.is_ready(self.url))

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """It ends in order although its output has no reader."""
        self.process.terminate()
        assert self.process.wait(60) == 0, self.process.returncode

    def lines(self):
        """Lines of all files, the rotated ones first."""
        names = sorted(glob.glob(self.log + ".*"), key=lambda name: int(name.rsplit(".", 1)[1])) + [self.log]
        return [line for name in names for line in open(name, encoding="utf-8").read().splitlines()]


def until(what, condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"timed out before: {what}"
        time.sleep(0.02)
    return result


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_rotation(folder)
    for form in ("json", "text"):
        with tempfile.TemporaryDirectory() as folder:
            check_traces(folder, form)
    with tempfile.TemporaryDirectory() as folder:
        check_levels(folder)
    print("logs_test: ok")


def check_rotation(folder):
    """2400 refused requests, each with its own id, while the file is rotated six times. Standard output is a full
    pipe all that time."""
    with Server(folder, LOG_LEVEL="INFO") as server:
        ids = [f"rotation-{number:05}" for number in range(THREADS * EACH)]

        def ask(part):
            # A request that waited for the pipe would never end.
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for request_id in ids[part::THREADS]:
                connection.request("GET", f"/api/v1/batch-status/{uuid.uuid4()}", headers={
                    "X-Request-ID": request_id, "X-Signature": "sha256=" + "0" * 64})
                reply = connection.getresponse()
                reply.read()
                assert reply.status == 403 and reply.headers["X-Request-ID"] == request_id
            connection.close()

        failures = []

        def guarded(part):
            try:
                ask(part)
            except BaseException as error:  # reported by the main thread
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(part,)) for part in range(THREADS)]
        for thread in threads:
            thread.start()
        for number in range(ROTATIONS):
            size = os.path.getsize(server.log)
            until("lines come in", lambda: os.path.getsize(server.log) > size or not any(thread.is_alive() for thread in threads))
            os.rename(server.log, f"{server.log}.{number}")
            os.kill(server.process.pid, signal.SIGHUP)
            until("there is a new file", lambda: os.path.exists(server.log))
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        server.stop()
        lines = server.lines()
        for line in lines:
            assert re.fullmatch(TEXT, line), line
        found = [match[1] for line in lines if (match := re.search(r"request_id=(rotation-\d+)", line))]
        assert len(found) == len(ids) and set(found) == set(ids), (len(found), len(set(found)), len(ids))
        assert sum("log file opened anew" in line for line in lines) == ROTATIONS
        assert lines[-1].endswith("INFO stopped"), lines[-1]
        # The pipe holds 64 KB; the other lines were dropped, and its reader gets whole lines.
        said = server.process.stdout.read()
        assert 4096 <= len(said) < sum(len(line) + 1 for line in lines) / 2, len(said)
        assert re.fullmatch(TEXT, said.decode().splitlines()[0])


def check_traces(folder, form):
    """One request's id in the lines of the request, its job, its calls to OpenAI and its webhooks. On a new database, so that
    this server does the work."""
    receiver, name = Receiver(), f"logs_{uuid.uuid4().hex[:12]}"
    psql(f'CREATE DATABASE "{name}"')
    database = urllib.parse.urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + name).geturl()
    try:
        with Server(folder, LOG_LEVEL="DEBUG", LOG_FORMAT=form, DATABASE_URL=database) as server:
            job, webhook = make_traces(server, receiver)
            server.stop()
            lines = events(server)
            assert psql(f"SELECT request_id FROM batch_jobs WHERE id = '{job}'", database) == [["trace-job"]]
    finally:
        receiver.close()
        psql(f'DROP DATABASE "{name}" WITH (FORCE)')
    one = [line for line in lines if line.get("request_id") == "trace-one"]
    assert {"openai call", "synchronous lot described"} <= {line["message"] for line in one}, one
    assert {line["operation"] for line in one if line["message"] == "openai call"} == {"create_response"}, one
    bad = [line for line in lines if line.get("request_id") == "trace-bad"]
    assert [(line["level"], line["message"], line["code"], line["status"], line["client"]) for line in bad] == [
        ("DEBUG", "request refused", "MISSING_FIELD", "400", "127.0.0.1")], bad
    created = [line for line in lines if line["message"] == "job created"]
    assert [(line["request_id"], line["job"]) for line in created] == [("trace-job", job)], created
    again = [line for line in lines if line["message"] == "idempotency: first reply sent again"]
    assert [(line["request_id"], line["job"]) for line in again] == [("trace-again", job)], again
    # Every line of the job has the id of its request, and no other.
    ours = [line for line in lines if line.get("job") == job and line not in again]
    assert {line.get("request_id") for line in ours} == {"trace-job"}, ours
    for message in ("job created", "job claimed", "openai call", "webhook_delivery delivered", "Background worker: job started",
                    "Background worker: job completed"):
        assert any(line["message"] == message for line in ours), (message, ours)
    assert {"upload_file", "create_batch", "get_batch", "read_file"} <= {line.get("operation") for line in ours}, ours
    assert webhook["X-Request-ID"] == "trace-job", dict(webhook)
    # A call to OpenAI has its request's id, and OpenAI gets the id too. Health and the look at the start ask for lists that belong to no request.
    calls = [line for line in lines if line["message"].startswith("openai call") and not line["operation"].startswith("list_")]
    for line in calls:
        assert re.fullmatch(re.escape(line["request_id"]) + r"\.[0-9a-f]{8}", line["client_request_id"]), line
    assert len({line["client_request_id"] for line in calls}) == len(calls), "two calls have the same name"


def make_traces(server, receiver):
    """One single lot, one invalid request, one batch with a webhook that is sent twice under one key. Returns its job's id and the webhook's
    headers at the end."""
    client, image = Client(server.url, os.environ["SHARED_KEY"]), [{"url": os.environ["IMAGES_URL"] + "/trace.jpg"}]

    def send(request_id, lots, **more):
        body = json.dumps({"languages": ["en"], "lots": lots}).encode()
        status, _, content = client.send("POST", "/api/v1/generate-descriptions", body, {
            "Content-Type": "application/json", "X-Signature": client.sign(body), "X-Request-ID": request_id, **more})
        return status, json.loads(content)

    assert send("trace-one", [{"lot_id": "a", "images": image}])[0] == 200
    assert send("trace-bad", [{"lot_id": "a"}])[0] == 400
    lots, key = [{"lot_id": lot_id, "images": image, "webhook": receiver.url} for lot_id in "ab"], {"Idempotency-Key": str(uuid.uuid4())}
    status, reply = send("trace-job", lots, **key)
    assert status == 201 and send("trace-again", lots, **key) == (201, reply), reply
    client.wait(reply["job_id"])
    headers = receiver.next()[0]
    until("the delivery is booked", lambda: any("webhook_delivery" in line["message"] for line in events(server)))
    return reply["job_id"], headers


def events(server):
    """The log's lines as objects, for either form."""
    if not server.is_json:
        return [as_object(line) for line in server.lines()]
    lines = [json.loads(line) for line in server.lines()]
    for line in lines:
        assert list(line)[:3] == ["time", "level", "message"] and all(isinstance(value, str) for value in line.values()), line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
    return lines


def as_object(line):
    """`2025-08-05 08:30:15,123 LEVEL message name=value ...`; a value of several words extends to the next name."""
    assert re.fullmatch(TEXT, line), line
    _, _, level, rest = line.split(" ", 3)
    message, *pairs = re.split(r" (?=[a-z_]+=)", rest)
    return {"level": level, "message": message, **dict(pair.split("=", 1) for pair in pairs)}


def check_levels(folder):
    """Only lines at LOG_LEVEL or above."""
    with Server(folder, LOG_LEVEL="WARNING", ACCEPT_NODE_EXAMPLE_SIGNATURES="true") as server:
        client = Client(server.url, os.environ["SHARED_KEY"])
        assert client.send("GET", f"/api/v1/batch-status/{uuid.uuid4()}", None, {"X-Signature": "sha256=" + "0" * 64})[0] == 403
        server.stop()
        lines = server.lines()
        assert lines and all(re.match(r"\S+ \S+ (WARNING|ERROR) ", line) for line in lines), lines
        assert "ACCEPT_NODE_EXAMPLE_SIGNATURES" in lines[0], lines


if __name__ == "__main__":
    main()
