#!/usr/bin/env python3
"""`/metrics` (C9): prometheus_client parses it, promtool (if available) accepts it, docs/METRICS.md lists exactly its families, and
the counters change with the requests.

Environment: set by run.py.
"""
import http.client
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
import uuid

from prometheus_client.parser import text_string_to_metric_families

from client import Client
from document_shapes_test import psql
from programs import program
from provider import set_faults

DOCUMENTATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "METRICS.md")
GENERATE, STATUS = "/api/v1/generate-descriptions", "/api/v1/batch-status/:job"
# Our names of OpenAI's endpoints, with the simulator's.
ENDPOINTS = {
    "create_response": "POST /v1/responses", "upload_file": "POST /v1/files", "read_file": "GET /v1/files/{id}/content",
    "list_files": "GET /v1/files", "delete_file": "DELETE /v1/files/{id}", "create_batch": "POST /v1/batches",
    "get_batch": "GET /v1/batches/{id}", "list_batches": "GET /v1/batches", "cancel_batch": "POST /v1/batches/{id}/cancel",
    "list_models": "GET /v1/models",
}


class Scrape:
    """One reading of the metrics."""

    def __init__(self):
        with urllib.request.urlopen(os.environ["METRICS_URL"], timeout=30) as reply:
            assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", reply.headers
            self.text = reply.read().decode()
        self.families = list(text_string_to_metric_families(self.text))
        self.values = {}
        for family in self.families:
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.values, f"{key} is there twice"
                self.values[key] = sample.value

    def __call__(self, name, **labels):
        return self.values.get((name, frozenset(labels.items())), 0)

    def sum(self, name, **labels):
        """The sum over all series with these labels."""
        return sum(value for (found, all_labels), value in self.values.items()
                   if found == name and set(labels.items()) <= all_labels)


class Change:
    """The differences between two scrapes."""

    def __init__(self, before, after):
        self.before, self.after = before, after

    def __call__(self, name, **labels):
        return self.after(name, **labels) - self.before(name, **labels)

    def sum(self, name, **labels):
        return self.after.sum(name, **labels) - self.before.sum(name, **labels)

    def requests(self):
        """(route, method, status) -> count."""
        name, moved = "generation_http_requests_total", {}
        for found, labels in self.after.values:
            if found == name and (count := self(name, **dict(labels))):
                labels = dict(labels)
                moved[labels["route"], labels["method"], labels["status"]] = count
        return moved


def expect(found, wanted):
    assert found == wanted, f"\nfound  {found}\nwanted {wanted}"


def eventually(what, condition, seconds=30):
    """Waits for effects that follow a reply a moment later."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"timed out before: {what}"
        time.sleep(0.05)
    return result


def simulator():
    with urllib.request.urlopen(os.environ["OPENAI_STATE_URL"], timeout=30) as reply:
        return json.load(reply)


def generate(client, lots, languages):
    """Status, reply, and the number of bytes sent."""
    body = json.dumps({"languages": languages, "lots": lots}).encode()
    status, _, content = client.send(
        "POST", GENERATE, body, {"Content-Type": "application/json", "X-Signature": client.sign(body)})
    return status, json.loads(content), len(body)


def main():
    client = Client(os.environ["BASE_URL"], os.environ["SHARED_KEY"])
    check_listener(client)
    secrets = check_requests(client)
    check_synchronous(client)
    secrets += check_batch(client)
    last = check_machinery()
    check_form(last, secrets)
    check_documentation(last)
    print("metrics_test: ok" + ("" if promtool(last) else " (SKIPPED promtool: unavailable)"))


def check_listener(client):
    """The port serves only /metrics, by GET and HEAD; the API's port does not serve it."""
    address = urllib.parse.urlsplit(os.environ["METRICS_URL"]).netloc
    for method, path, wanted in (("GET", "/", 404), ("POST", "/metrics", 405), ("HEAD", "/metrics", 200)):
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request(method, path)
        expect((method, path, connection.getresponse().status), (method, path, wanted))
        connection.close()
    expect(client.send("GET", "/metrics")[0], 404)


def check_requests(client):
    """Requests are counted by route, method and status, each once; a job's id or an unknown path is no label."""
    before, unknown, path = Scrape(), str(uuid.uuid4()), f"/api/v1/{uuid.uuid4()}"
    for _ in range(3):
        expect(client.status(unknown)[0], 404)
    for _ in range(2):
        expect(client.send("GET", f"/api/v1/batch-status/{unknown}")[0], 401)
    client.send("GET", path)
    client.send("DELETE", "/api/v1/batch-jobs")
    client.send("HEAD", "/health/live")
    client.send("GET", GENERATE)
    client.send("POST", GENERATE, b"{", {"Content-Type": "application/json"})
    with socket.create_connection((client.address.hostname, client.address.port), timeout=30) as raw:
        raw.sendall(b"this is not HTTP\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")
    moved = Change(before, Scrape())
    expect(moved.requests(), {
        (STATUS, "GET", "404"): 3, (STATUS, "GET", "401"): 2, ("other", "GET", "404"): 1, ("/api/v1/batch-jobs", "other", "405"): 1,
        ("/health/live", "HEAD", "200"): 1, (GENERATE, "GET", "405"): 1, (GENERATE, "POST", "400"): 1, ("none", "other", "400"): 1,
    })
    expect(moved("generation_http_request_duration_seconds_count", route=STATUS, method="GET"), 5)
    # Wrong methods and unknown paths below /api/ are polls too.
    expect(moved("generation_ratelimit_admitted_total", **{"class": "poll"}), 8)
    expect(moved("generation_ratelimit_admitted_total", **{"class": "synchronous"}), 1)
    expect(moved.sum("generation_ratelimit_refused_total"), 0)
    expect(moved("generation_ingest_bytes_total"), 1)
    expect(moved("generation_ingest_lots_total"), 0)
    return [unknown, path.rsplit("/", 1)[1]]


def check_synchronous(client):
    """One lot in two languages, with one 429 of OpenAI: two answers, three calls."""
    before, seen = Scrape(), simulator()["requests"].get("POST /v1/responses", 0)
    set_faults({"routes": [{"route": "POST /v1/responses", "fault": "status", "status": 429, "retry_after": 0.1, "times": 1}]})
    lot = {"lot_id": "one", "images": [{"url": os.environ["IMAGES_URL"] + "/one.jpg"}]}
    status, reply, size = generate(client, [lot], ["en", "ru"])
    expect(status, 200)
    moved = Change(before, Scrape())
    expect(moved.requests(), {(GENERATE, "POST", "200"): 1})
    expect(moved("generation_ingest_bytes_total"), size)
    expect(moved("generation_ingest_lots_total"), 1)
    calls = "generation_provider_calls_total"
    expect(moved(calls, endpoint="create_response", outcome="ok"), 2)
    expect(moved(calls, endpoint="create_response", outcome="rate_limited"), 1)
    expect(moved.sum(calls), 3)
    expect(simulator()["requests"]["POST /v1/responses"] - seen, 3)
    expect(moved("generation_provider_call_duration_seconds_count", endpoint="create_response"), 3)
    for model in ("o4-mini", "gpt-4.1-mini"):
        for direction in ("input", "output"):
            assert moved("generation_provider_tokens_total", model=model, direction=direction) > 0, (model, direction)
    expect(moved.sum("generation_provider_tokens_total", model="other"), 0)


def check_batch(client):
    """Four lots in two languages for two receivers, one of which refuses: OpenAI's requests and the job's cost equal the
    counters."""
    before, seen = Scrape(), simulator()["requests"]
    site = os.environ["WEBHOOK_URL"].split("/ok/")[0]
    webhooks = [f"{site}/ok/{uuid.uuid4()}", f"{site}/status/500/{uuid.uuid4()}"]
    lots = [{"lot_id": f"lot-{number}", "images": [{"url": f"{os.environ['IMAGES_URL']}/{number}.jpg"}],
             "webhook": webhooks[number % 2]} for number in range(4)]
    status, reply, size = generate(client, lots, ["en", "ru"])
    expect(status, 201)
    job, polls = reply["job_id"], 0
    while (said := client.status(job)[2])["status"] != "completed":
        polls += 1
        assert said["status"] in ("pending", "processing", "translating") and polls < 1000, said
        time.sleep(0.05)
    expect(client.results(job)[0], 200)
    after = Scrape()
    expect(Change(before, after).requests(), {
        (GENERATE, "POST", "201"): 1, (STATUS, "GET", "200"): polls + 1, ("/api/v1/batch-results/:job", "GET", "200"): 1})
    expect(Change(before, after)("generation_ingest_lots_total"), 4)
    expect(Change(before, after)("generation_ingest_bytes_total"), size)
    expect(Change(before, after)("generation_ratelimit_admitted_total", **{"class": "batch"}), 1)
    for direction in ("input", "output"):
        expect(Change(before, after).sum("generation_provider_tokens_total", direction=direction), said["usage"][direction + "_tokens"])

    def calls_agree():
        moved, now = Change(before, Scrape()), simulator()["requests"]
        return all(moved.sum("generation_provider_calls_total", endpoint=ours) == now.get(theirs, 0) - seen.get(theirs, 0)
                   for ours, theirs in ENDPOINTS.items()) and moved("generation_provider_calls_total", endpoint="create_batch",
                                                                    outcome="ok") == 2
    eventually("the calls to OpenAI that were counted are those that it saw", calls_agree)

    pending = int(psql("SELECT count(*) FROM webhook_deliveries WHERE batch_job_id <> '" + job + "' AND status = 'pending'")[0][0]) + 1

    def webhooks_agree():
        moved = Change(before, Scrape())
        attempts = {outcome: moved("generation_webhook_attempts_total", outcome=outcome)
                    for outcome in ("delivered", "rejected", "timed_out", "unreachable", "forbidden", "broken")}
        # The refused delivery has its next attempt after 30 s.
        return attempts == {"delivered": 1, "rejected": 1, "timed_out": 0, "unreachable": 0, "forbidden": 0, "broken": 0} \
            and moved("generation_webhook_attempt_duration_seconds_count") == 2 \
            and moved("generation_webhook_deliveries_total", status="delivered") == 1 \
            and moved("generation_webhook_deliveries_total", status="failed") == 0 \
            and moved.after("generation_webhook_deliveries_pending") == pending \
            and moved.after("generation_webhook_attempts_in_flight") == 0
    eventually("two attempts are counted and one delivery is pending", webhooks_agree)
    rows = {(status, stage): int(count) for status, stage, count in
            psql("SELECT status, current_stage, count(*) FROM batch_jobs GROUP BY status, current_stage")}

    def jobs_agree():
        scrape = Scrape()
        return scrape.sum("generation_jobs") == sum(rows.values()) \
            and all(scrape("generation_jobs", status=status, stage=stage) == count for (status, stage), count in rows.items())
    eventually("the jobs are those of the database", jobs_agree)
    return [job, *(url.rsplit("/", 1)[1] for url in webhooks)]


def check_machinery():
    """Gauges have the current values, and clocks advance."""
    first = Scrape()
    for shard in "01":
        eventually("the loop's lag is measured", lambda: Change(first, Scrape())("generation_loop_lag_seconds_count", shard=shard) >= 3)
    scrape = Scrape()
    expect({shard: 0 <= scrape("generation_loop_silence_seconds", shard=shard) < 5 for shard in "01"}, {"0": True, "1": True})
    for role, most in (("shared", 4), ("exclusive", 8)):
        expect(scrape("generation_database_connections", role=role), most)
        expect(scrape("generation_database_connections_max", role=role), most)
    expect(scrape("generation_database_queries_total", outcome="refused"), 0)

    def statements_agree():
        now = Scrape()
        return now.sum("generation_database_queries_total") == now("generation_database_query_duration_seconds_count")

    # The other loop may end one while the page is written.
    eventually("statements and their durations are as many", statements_agree)
    assert scrape.sum("generation_database_queries_total") > 100
    expect([scrape(f"generation_{name}") for name in (
        "http_requests_in_flight", "ingest_bodies_in_flight", "ingest_held_bytes", "ingest_refused_total")], [0] * 4)
    expect({output: scrape("generation_log_lines_dropped_total", output=output) for output in ("stdout", "file")},
           {"stdout": 0, "file": 0})
    assert scrape("generation_log_lines_total", level="info") > 0
    process = f"/proc/{os.environ['SERVER_PID']}"
    expect(scrape("process_threads"), len(os.listdir(process + "/task")))
    assert abs(scrape("process_open_fds") - len(os.listdir(process + "/fd"))) <= 8  # connections come and go
    assert 0 < time.time() - scrape("process_start_time_seconds") < 600
    assert 0.01 < scrape("process_cpu_seconds_total") and 10e6 < scrape("process_resident_memory_bytes") < 1e9
    return scrape


def check_form(scrape, secrets):
    """Histograms are consistent; the page contains no secret and no text of a request."""
    for family in scrape.families:
        series = {}
        for sample in family.samples:
            if sample.name == family.name + "_bucket":
                labels = {name: value for name, value in sample.labels.items() if name != "le"}
                series.setdefault(tuple(sorted(labels.items())), []).append((float(sample.labels["le"]), sample.value))
        assert bool(series) == (family.type == "histogram"), family.name
        for labels, buckets in series.items():
            bounds, counts = zip(*buckets)
            assert list(bounds) == sorted(bounds) and bounds[-1] == float("inf"), (family.name, bounds)
            assert list(counts) == sorted(counts), (family.name, counts)
            expect(counts[-1], scrape(family.name + "_count", **dict(labels)))
            total = scrape(family.name + "_sum", **dict(labels))
            assert (total > 0) == (counts[-1] > 0), (family.name, labels, total)
    settings = json.loads(os.environ["SERVER_SETTINGS"])
    hosts = [os.environ[name].split("/")[2] for name in ("IMAGES_URL", "WEBHOOK_URL", "OPENAI_STATE_URL", "BASE_URL")]
    for word in [*secrets, settings["SHARED_KEY"], settings["OPENAI_API_KEY"], settings["DATABASE_URL"], *hosts, "lot-1"]:
        assert word not in scrape.text, f"{word} is in the metrics"


def check_documentation(scrape):
    """docs/METRICS.md has exactly the families with their types and labels."""
    with open(DOCUMENTATION, encoding="utf-8") as text:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([`\w, ]*?) ?\| .", text.read(), re.MULTILINE)
    listed = {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    expect(len(listed), len(rows))
    found = {}
    for family in scrape.families:
        labels = {frozenset(name for name in sample.labels if name != "le") for sample in family.samples}
        assert len(labels) == 1, f"{family.name} has samples with labels {labels}"
        found[family.name + ("_total" if family.type == "counter" else "")] = (family.type, labels.pop())
    expect(found, listed)


def promtool(scrape):
    path = program("promtool")
    if path:
        done = subprocess.run([path, "check", "metrics"], input=scrape.text, text=True, capture_output=True, check=False)
        assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr
    return bool(path)


if __name__ == "__main__":
    main()
