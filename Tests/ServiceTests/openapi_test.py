#!/usr/bin/env python3
"""/openapi.json is valid, complete and correct: it has every kind of reply that can be provoked, with its headers and its code.

Environment: set by run.py, with a PYTHON that has jsonschema and openapi-spec-validator.
"""
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
import uuid

import openapi_spec_validator

import bad_input_test
import document_shapes_test as shapes
import provider
from contract import CheckedClient, Contract
from provider import set_faults
from receiver import Receiver

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
import stack  # noqa: E402

GENERATE = "/api/v1/generate-descriptions"
IMAGES = os.environ.get("IMAGES_URL", "")
SITE = IMAGES.rsplit("/", 1)[0]

# Errors that no request here can provoke: bugs (500), and those that take as long as the limits themselves.
NOT_PROVOKED = {"INTERNAL_ERROR", "OPENAI_TIMEOUT", "REQUEST_TIMEOUT"}


def main():
    client = CheckedClient(os.environ["BASE_URL"], os.environ["SHARED_KEY"], None)
    with urllib.request.urlopen(os.environ["BASE_URL"] + "/openapi.json", timeout=30) as reply:
        contract = client.contract = Contract(json.load(reply))
    receiver = Receiver()
    try:
        check_document(contract)
        well_formed(client, receiver)
        ended_jobs(client, receiver)
        bad_input(client)
        malformed(client)
        pages(client)
        openai_errors(client)
        other_servers(contract)
    finally:
        receiver.close()
    check_seen(contract)
    print(f"openapi_test: ok ({len(contract.seen)} kinds of replies)")


# The document


def check_document(contract):
    openapi_spec_validator.validate(contract.document)
    for where, schema, example in examples(contract.document):
        contract.check_value(f"example at {where}", schema, example)
    operations = [each for item in contract.document["paths"].values() for each in item.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names), names
    for each in operations:
        assert each["description"] and each["summary"], each["operationId"]
    for where, schema in described(contract.document):
        assert schema.get("description") or "$ref" in schema, f"{where} has no description"


def examples(value, where="#"):
    """Every example with its schema."""
    if isinstance(value, dict):
        if "type" in value and isinstance(value.get("examples"), list):
            yield from ((where, value, example) for example in value["examples"])
        if "schema" in value:
            if "example" in value:
                yield where, value["schema"], value["example"]
            for name, example in value.get("examples", {}).items():
                yield f"{where}/{name}", value["schema"], example["value"]
        for name, each in value.items():
            if name not in ("example", "examples", "default", "value"):
                yield from examples(each, f"{where}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from examples(each, f"{where}/{index}")


def described(document):
    """Every member of every object."""
    def walk(schema, where):
        if isinstance(schema, dict):
            for name, each in schema.get("properties", {}).items():
                yield f"{where}.{name}", each
                yield from walk(each, f"{where}.{name}")
            yield from walk(schema.get("items"), where + "[]")
    for name, schema in document["components"]["schemas"].items():
        yield name, schema
        yield from walk(schema, name)


# Replies


def well_formed(client, receiver):
    """The document's own way through the API, by the test that compares it with the document's samples."""
    shapes.synchronous(client)
    job_id = shapes.create(client, receiver)
    shapes.status(client, job_id)
    shapes.results(client, job_id)
    client.contract.check_delivery(*receiver.next())
    shapes.jobs(client, job_id)
    shapes.cancelling(client, job_id)
    shapes.errors(client)
    deliveries(client, job_id)
    for path in ("batch-status", "batch-results"):
        code, _, content = client.send("HEAD", f"/api/v1/{path}/{job_id}", None, {"X-Signature": client.sign(job_id)})
        assert code == 200 and not content, (path, code)
    code, _, _ = client.send("POST", GENERATE, json.dumps({"lots": [shapes.lot("alone")], "signature": "ignored"}), {
        **bad_input_test.JSON, "Prefer": "respond-async", "Idempotency-Key": str(uuid.uuid4()),
        "X-Signature": client.sign(json.dumps({"lots": [shapes.lot("alone")], "signature": "ignored"}))})
    assert code == 201, code


def deliveries(client, job_id):
    """A delivered webhook is listed, and sent again on request."""
    def listed():
        code, _, reply = client.job("GET", "/api/v1/batch-jobs/{}/webhook-deliveries", job_id)
        assert code == 200, (code, reply)
        return reply["deliveries"][0]
    redeliver = "/api/v1/webhook-deliveries/{}/redeliver"
    wait(lambda: listed()["status"] == "delivered")
    code, _, reply = client.job("POST", redeliver, listed()["id"])
    assert code == 202, (code, reply)
    expect(client.job("POST", redeliver, str(uuid.uuid4())), 404, "DELIVERY_NOT_FOUND")


def ended_jobs(client, receiver):
    """Jobs that failed and were cancelled, and their webhooks."""
    missing = [{"lot_id": f"m{n}", "images": [{"url": f"{SITE}/missing/{n}.jpg"}], "webhook": receiver.url} for n in range(2)]
    failed = client.generate(missing, ["en"])[2]["job_id"]
    assert client.wait(failed)["status"] == "failed"
    expect(client.results(failed), 409, "JOB_FAILED")
    expect(client.job("GET", "/api/v1/batch-results/{}/download", failed), 409, "JOB_FAILED")
    notified(client, receiver, failed)
    mixed = client.generate([missing[0], shapes.lot("good")], ["en"])[2]["job_id"]
    assert client.wait(mixed)["status"] == "completed"
    assert client.results(mixed)[0] == 200
    notified(client, receiver, mixed)
    with provider.held():
        cancelled = client.generate([shapes.lot(f"c{n}", webhook=receiver.url) for n in range(50)], ["en"])[2]["job_id"]
        assert client.cancel(cancelled)[0] == 200
    expect(client.results(cancelled), 409, "JOB_CANCELLED")
    notified(client, receiver, cancelled)
    # A receiver that never accepts: its delivery stays pending for long.
    pending = client.generate([shapes.lot(f"p{n}", webhook=f"{SITE}/status/500") for n in range(2)], ["en"])[2]["job_id"]
    client.wait(pending)
    reply = client.job("GET", "/api/v1/batch-jobs/{}/webhook-deliveries", pending)[2]
    expect(client.job("POST", "/api/v1/webhook-deliveries/{}/redeliver", reply["deliveries"][0]["id"]), 409, "DELIVERY_PENDING")


def notified(client, receiver, job_id):
    """The job's delivery; other deliveries may arrive before it."""
    while True:
        headers, body = receiver.next()
        client.contract.check_delivery(headers, body)
        if headers["X-Job-ID"] == job_id:
            return


def bad_input(client):
    for what, lots, members, status, code in bad_input_test.REQUESTS:
        more = dict(members)
        bad_input_test.expect(what, client.generate(lots, more.pop("languages", ["en"]), **more), status, code)
    for what, body, status, code in bad_input_test.BODIES:
        bad_input_test.expect(what, client.send("POST", GENERATE, body, bad_input_test.JSON), status, code)
    bad_input_test.others(client)
    one = {"lot_id": "a", "images": [{"url": f"{SITE}/missing/a.jpg"}]}
    expect(client.generate([one], ["en"]), 422, "INVALID_IMAGE_URLS")
    expect(client.generate([{**one, "images": [{"url": f"{SITE}/big/{11 * 1024 * 1024}"}]}], ["en"]), 413, "IMAGES_TOO_LARGE")
    expect(client.send("POST", GENERATE, "{}", {**bad_input_test.JSON, "Content-Encoding": "br"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    idempotency(client)
    for path in client.contract.document["paths"]:
        target = path.replace("{job_id}", str(uuid.uuid4())).replace("{delivery_id}", "x")
        answer = client.send("DELETE", target)
        expect(answer, 405, "METHOD_NOT_ALLOWED")
        headers = answer[1]
        assert headers["Allow"] in ("POST", "GET, HEAD"), headers["Allow"]


def idempotency(client):
    def send(body, key):
        headers = {**bad_input_test.JSON, "X-Signature": client.sign(body), "Idempotency-Key": key}
        return client.send("POST", GENERATE, body, headers)
    first, second = (json.dumps({"lots": [shapes.lot(name), shapes.lot("other")]}) for name in ("one", "two"))
    key = str(uuid.uuid4())
    code, _, created = send(first, key)
    assert code == 201, created
    code, headers, again = send(first, key)
    assert code == 201 and again == created and headers["Idempotent-Replayed"] == "true", (code, headers, again)
    expect(send(second, key), 422, "IDEMPOTENCY_KEY_REUSED")
    expect(send(first, "not visible \xff"), 400, "INVALID_FIELD")
    # A slow picture, so that the first request is still open when the second arrives.
    slow = json.dumps({"lots": [{"lot_id": "slow", "images": [{"url": f"{SITE}/slow/12/car/slow.jpg"}]}]})
    head = (f"POST {GENERATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Signature: {client.sign(slow)}\r\n"
            f"Idempotency-Key: slow\r\nContent-Length: {len(slow)}\r\n\r\n")
    with client.connect((head + slow).encode()) as connection:
        wait(lambda: requests("/slow/12/car/slow.jpg") > 0)
        expect(send(slow, "slow"), 409, "REQUEST_IN_PROGRESS")
        assert client.answer(connection, "POST", GENERATE)[0] == 200


def requests(path):
    with urllib.request.urlopen(f"{SITE}/_sim/state?path={path}", timeout=30) as reply:
        return json.load(reply)["requests"]


def malformed(client):
    """Requests that the HTTP parser refuses get the contract's form as well."""
    lines = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
    requests = [
        (b"nonsense\r\n\r\n", 400), (b"GET /health/live HTTP/1.1\r\n\r\n", 400), (b"GET /health/live HTTP/3.0\r\nHost: x\r\n\r\n", 400),
        (lines + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (lines + b"Content-Length: x\r\n\r\n", 400),
        (lines + b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (lines + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
        (lines + b"A" * 20_000 + b": b\r\n\r\n", 431), (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
    ]
    for text, status in requests:
        answer = client.raw(text)
        expect(answer, status, {400: "BAD_REQUEST", 431: "HEADERS_TOO_LARGE"}[status])
        assert answer[1]["Connection"] == "close", text[:80]
    chunks = (f"POST {GENERATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n").encode()
    expect(client.raw(chunks, "POST", GENERATE), 400, "BAD_REQUEST")


def pages(client):
    for path in ("/", "/style.css", "/openapi.json"):
        code, headers, content = client.send("GET", path)
        assert code == 200 and content, path
        for tag in (headers["ETag"], "W/" + headers["ETag"], f'"other", {headers["ETag"]}', "*"):
            assert client.send("GET", path, None, {"If-None-Match": tag})[0] == 304, (path, tag)
        assert client.send("GET", path, None, {"If-None-Match": '"other"'})[0] == 200, path
        code, head, _ = client.send("HEAD", path)
        assert code == 200 and int(head["Content-Length"]) == len(content), path
    page = client.send("GET", "/")[2].decode()
    loaded = re.findall(r'<script[^>]*?(?: src="([^"]*)")?[^>]*>', page)
    assert loaded == ["/site.js", "/playground.js"] and "://" not in page.split("<body>")[0], f"the page loads {loaded}"
    for path in client.contract.document["paths"]:
        assert f"{path}</code>" in page, path
    code, headers, _ = client.send("GET", "/health")
    assert code == 200 and client.send("GET", "/health/live")[0] == client.send("GET", "/health/ready")[0] == 200
    code, headers, _ = client.send("GET", "/health/live", None, {"X-Request-ID": "order-4711"})
    assert headers["X-Request-ID"] == "order-4711"
    assert client.send("GET", "/nothing")[0] == client.send("GET", "/api/v1/batch-status/")[0] == 404


def openai_errors(client):
    """A fault of the simulated OpenAI for every model call, removed afterwards."""
    set_faults({"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 400, "code": "server_refuses"}]})
    try:
        expect(client.generate([shapes.lot("refused")], ["en"]), 500, "OPENAI_API_ERROR")
    finally:
        set_faults({"routes": []})


# Servers in other states


def other_servers(contract):
    settings = json.loads(os.environ["SERVER_SETTINGS"])
    with tempfile.TemporaryDirectory() as logs:
        running = stack.Stack(os.environ["BINARIES"], logs)
        try:
            limited(start(running, contract, {
                **settings, "RATE_LIMIT_SYNC": "1", "RATE_LIMIT_BATCH": "1", "RATE_LIMIT_POLL": "1", "MAX_BATCH_SIZE": "2"}))
            alone(start(running, contract, {
                **settings, "DATABASE_URL": f"postgresql://127.0.0.1:{stack.free_port()}/none",
                "OPENAI_BASE_URL": f"http://127.0.0.1:{stack.free_port()}/v1"}))
        except BaseException:
            print("".join(child.last_lines(30) for child in running.children))
            raise
        finally:
            running.stop()


def start(running, contract, settings):
    """Another server; unlike in stack.py it need not become ready."""
    port = stack.free_port()
    logs = os.path.join(running.logs, f"{port}.log")
    environment = {**settings, "PATH": os.environ["PATH"], "BIND": f"127.0.0.1:{port}", "LOG_FILE": logs,
                   "METRICS_BIND": f"127.0.0.1:{stack.free_port()}"}
    running.start(f"server-{port}", "generation-service", ["serve"], environment)
    client = CheckedClient(f"http://127.0.0.1:{port}", settings["SHARED_KEY"], contract)
    wait(lambda: answers(client), seconds=60)
    return client


def answers(client):
    try:
        return client.send("GET", "/health/live")[0] == 200
    except OSError:
        return False


def limited(client):
    """The second request of each class."""
    assert client.generate([shapes.lot("a"), shapes.lot("b")], ["en"])[0] == 201
    expect(client.generate([shapes.lot("a"), shapes.lot("b")], ["en"]), 429, "RATE_LIMIT_EXCEEDED")
    for _ in range(2):
        reply = client.jobs()
    expect(reply, 429, "RATE_LIMIT_EXCEEDED")
    assert reply[1]["RateLimit-Limit"] == "1" and reply[1]["RateLimit-Remaining"] == "0", reply[1]
    for target in ("batch-status/{}", "batch-results/{}", "batch-results/{}/download"):
        expect(client.job("GET", "/api/v1/" + target, "x"), 429, "RATE_LIMIT_EXCEEDED")
    expect(client.cancel("x"), 429, "RATE_LIMIT_EXCEEDED")


def alone(client):
    """Neither a database nor OpenAI."""
    job = str(uuid.uuid4())
    for target in ("batch-status/{}", "batch-results/{}", "batch-results/{}/download"):
        expect(client.job("GET", "/api/v1/" + target, job), 503, "SERVICE_UNAVAILABLE")
    expect(client.cancel(job), 503, "SERVICE_UNAVAILABLE")
    expect(client.jobs(), 503, "SERVICE_UNAVAILABLE")
    expect(client.generate([shapes.lot("a"), shapes.lot("b")], ["en"]), 503, "SERVICE_UNAVAILABLE")
    expect(client.generate([shapes.lot("a")], ["en"]), 502, "OPENAI_UNAVAILABLE")
    assert client.send("GET", "/health")[0] == client.send("GET", "/health/ready")[0] == 503


# Helpers


def expect(answer, status, code):
    found, _, reply = answer
    reply = json.loads(reply) if isinstance(reply, bytes) else reply
    assert found == status and reply["code"] == code, (found, reply, "wanted", status, code)


def wait(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.05)


def check_seen(contract):
    """Every operation, webhook and code was seen, except the few that cannot be provoked here."""
    document = contract.document
    operations = {each["operationId"] for item in document["paths"].values() for each in item.values()} | set(document["webhooks"])
    seen = {operation for operation, _, code in contract.seen if code is None}
    assert operations <= seen, f"never answered well: {operations - seen}"
    codes = {schema["properties"]["code"]["const"] for name, schema in document["components"]["schemas"].items()
             if "code" in schema.get("properties", {})}
    missing = codes - {code for _, _, code in contract.seen} - NOT_PROVOKED
    assert not missing, f"never seen: {missing}"


if __name__ == "__main__":
    main()
