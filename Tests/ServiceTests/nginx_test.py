#!/usr/bin/env python3
"""deploy/nginx.conf in front of two instances: bodies of 200 MB stream through, a call may last 300 s, limits apply to the address
that nginx forwards, a rolling restart under load fails no request.

Environment: set by run.py. Skipped, with a message, if nginx is unavailable.
"""
import collections
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
import warnings

from front import GENERATE, Front, Through, is_possible, stack

POLLS = 40


class Instances:
    """Two servers on the tests' database, each with its own name, ports and log."""

    def __init__(self, folder):
        self.binaries, self.running, self.places, self.polls = os.environ["BINARIES"], {}, {}, POLLS
        for name in "ab":
            self.places[name] = (stack.free_port(), stack.free_port(), f"{folder}/{name}")
            self.start(name)

    def start(self, name):
        port, metrics, folder = self.places[name]
        settings = {
            **json.loads(os.environ["SERVER_SETTINGS"]), "INSTANCE_ID": f"nginx-{name}", "METRICS_BIND": f"127.0.0.1:{metrics}",
            "LOG_FILE": f"{folder}/service.log", "LOG_LEVEL": "INFO", "TRUSTED_PROXIES": "127.0.0.1/32",
            "RATE_LIMIT_POLL": str(self.polls), "WORKER_THREADS": "1"}
        self.running[name] = stack.Stack(self.binaries, folder)
        self.running[name].server(port, settings)

    def stop(self, name):
        """Sends SIGTERM; the server must end by itself, in order."""
        child = self.running.pop(name).children[0]
        child.process.terminate()
        assert child.process.wait(60) == 0, child.last_lines(40)

    def addresses(self):
        return [f"127.0.0.1:{port}" for port, _, _ in self.places.values()]

    def admitted(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.places[name][1]}/metrics", timeout=30) as reply:
            text = reply.read().decode()
        return int(re.search(r'^generation_ratelimit_admitted_total\{class="poll"\} (\d+)', text, re.M)[1])

    def close(self):
        for running in self.running.values():
            running.stop()


class HeldPicture:
    """A host of one picture, which it sends on release."""

    def __init__(self):
        with urllib.request.urlopen(os.environ["IMAGES_URL"] + "/held.jpg", timeout=30) as reply:
            picture = reply.read()
        self.asked, self.released = threading.Event(), threading.Event()
        held = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                held.asked.set()
                held.released.wait(60)
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the client may have disconnected
                    self.wfile.write(picture)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/held.jpg"

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def main():
    if not is_possible():
        print("nginx_test: SKIPPED, nginx or openssl is unavailable")
        return
    with tempfile.TemporaryDirectory() as folder:
        # nginx's workers drop root.
        os.chmod(folder, 0o755)
        instances = Instances(folder)
        front = Front(f"{folder}/front", instances.addresses())
        try:
            check_start(front)
            check_plain(front)
            check_clients(front, instances)
            check_long_call(front, folder, instances)
            check_large_bodies(front)
            check_rolling_restart(front, instances)
            check_nobody_there(front, instances)
            check_log(front)
        except BaseException:
            print(front.said("error.log")[-4000:], front.said("access.log")[-4000:], sep="\n")
            raise
        finally:
            front.stop()
            instances.close()
    print("nginx_test: ok")


def check_start(front):
    said = front.check()
    assert "syntax is ok" in said and "[warn]" not in said and "[emerg]" not in said, said
    front.start()


def check_plain(front):
    """Port 80 redirects to TLS and keeps the method; TLS is current; requests reach the service itself."""
    connection = http.client.HTTPConnection("127.0.0.1", front.plain, timeout=30)
    connection.request("POST", GENERATE + "?a=b", headers={"Host": "cars.example", "Content-Length": "0"})
    reply = connection.getresponse()
    assert (reply.status, reply.headers["Location"]) == (308, f"https://cars.example{GENERATE}?a=b"), (reply.status, reply.headers)
    connection.close()
    with front.context().wrap_socket(socket.create_connection(("127.0.0.1", front.secure)), server_hostname="localhost") as wrapped:
        assert wrapped.version() == "TLSv1.3", wrapped.version()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():  # the test needs the old version
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        old.wrap_socket(socket.create_connection(("127.0.0.1", front.secure))).close()
        raise AssertionError("TLS 1.1 was taken")
    except OSError:
        pass
    client = Through(front)
    status, headers, content = client.send("GET", "/openapi.json", None, {"X-Request-ID": "through-nginx"})
    assert status == 200 and json.loads(content)["openapi"] and headers["X-Request-ID"] == "through-nginx", (status, headers)
    assert "max-age" in headers["Strict-Transport-Security"] and headers["Server"] == "nginx", headers
    client.close()


def check_clients(front, instances):
    """C3.1: a client has exactly its limit, although there are two instances; its own headers change nothing;
    clients are spread over the instances."""
    before, job = {name: instances.admitted(name) for name in "ab"}, str(uuid.uuid4())
    for number in range(2, 18):
        client = Through(front, f"127.0.0.{number}")
        for count in range(POLLS):
            status, headers, content = client.poll(job)
            assert status == 404, (number, count, status, content)
            assert headers["RateLimit-Remaining"] == str(POLLS - 1 - count), (number, count, headers)
        for forged in ({}, {"X-Forwarded-For": "203.0.113.7"}, {"X-Real-IP": "203.0.113.7"},
                       {"X-Forwarded-For": "203.0.113.7, 127.0.0.1", "Forwarded": "for=203.0.113.7"}):
            status, headers, content = client.poll(job, **forged)
            assert (status, json.loads(content)["code"]) == (429, "RATE_LIMIT_EXCEEDED") and headers["Retry-After"], (status, content)
        client.close()
    moved = {name: instances.admitted(name) - before[name] for name in "ab"}
    assert sum(moved.values()) == 16 * POLLS and all(count % POLLS == 0 for count in moved.values()), moved
    assert all(moved.values()), f"all clients met one instance: {moved}"


def check_long_call(front, folder, instances):
    """A call may last the contract's 300 s: the active time-outs allow it; a call of some seconds outlasts every other time-out; and
    a call with this time-out cut to 1 s ends by it."""
    text = front.said("nginx.conf")
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        values = re.findall(rf"^\s*{name} (\d+)s;", text, re.M)
        assert len(values) == 1 and int(values[0]) > 300, (name, values)
    assert "grpc_pass" not in text and text.count("proxy_pass") - text.count("#     proxy_pass") == 2

    held = HeldPicture()
    client, lot = Through(front), {"lot_id": "held", "images": [{"url": held.url}]}
    connect = float(re.search(r"proxy_connect_timeout (\d+)s;", text)[1])
    threading.Timer(connect + 2, held.released.set).start()
    begun = time.monotonic()
    status, _, content = client.generate([lot])
    assert status == 200 and json.loads(content)["lots"][0]["processed_images"] == 1, (status, content)
    assert held.asked.is_set() and time.monotonic() - begun > connect
    client.close()
    held.close()

    held = HeldPicture()
    short = Front(f"{folder}/short", instances.addresses(), proxy_read_timeout="1s")
    short.start()
    try:
        client = Through(short)
        status, headers, content = client.generate([{"lot_id": "short", "images": [{"url": held.url}]}])
        expect_unreachable(status, headers, content)
        # Sent once: no other instance got it. nginx may write its line after the reply has left.
        tries = until_some(lambda: [line for line in short.said("access.log").splitlines() if GENERATE in line])
        assert len(tries) == 1 and re.search(r"upstream=[\d.:]+ upstream_status=504", tries[0]), tries
        client.close()
    finally:
        short.stop()
        held.close()


def until_some(look, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)
    return found


def expect_unreachable(status, headers, content):
    """nginx's own errors, in the API's form (C4.1)."""
    said = json.loads(content)
    assert status == 503 and headers["Content-Type"] == "application/json" and headers["Retry-After"] == "5", (status, headers)
    assert said["code"] == "SERVICE_UNAVAILABLE" and said["retry_after"] == 5 and said["request_id"] == headers["X-Request-ID"]
    assert set(said) == {"error", "message", "code", "request_id", "retry_after"}, said


def check_large_bodies(front):
    """200 MB pass without being stored by nginx; the service refuses one byte more before any of it is sent."""
    size = 200 * 1024 * 1024
    client = Through(front)
    head, tail, filler = b'{"languages":["en"],"lots":[', b"]}", b" " * 65536
    lots = b",".join(json.dumps({"lot_id": f"large-{number}", "additional_info": "x" * 500_000,
                                 "images": [{"url": f"https://large.invalid/{number}.jpg"}]}).encode() for number in range(4))
    # Mostly white space, which counts like other bytes and is parsed quickly in every build.
    padding = size - len(head) - len(lots) - len(tail)

    def pieces():
        yield head + lots
        for _ in range(padding // len(filler)):
            yield filler
        yield filler[:padding % len(filler)] + tail
    digest = hmac.new(client.key.encode(), digestmod=hashlib.sha256)
    for piece in pieces():
        digest.update(piece)
    begun = time.monotonic()
    status, _, content = client.send("POST", GENERATE, pieces(), {
        "Content-Type": "application/json", "Content-Length": str(size), "X-Signature": "sha256=" + digest.hexdigest()})
    assert status == 201, (status, content)
    job = json.loads(content)
    assert job["total_lots"] == 4, job
    print(f"nginx_test: 200 MB through nginx in {time.monotonic() - begun:.1f} s")
    # Its pictures do not exist, so it ends by itself.
    status, _, content = client.poll(job["job_id"])
    assert status == 200 and json.loads(content)["progress"]["total_lots"] == 4, (status, content)
    client.close()
    assert "buffered to a temporary file" not in front.said("error.log")
    assert not [name for _, _, names in os.walk(f"{front.folder}/temp") for name in names]

    connection = Through(front).open()
    connection.putrequest("POST", GENERATE)
    for name, value in (("Content-Type", "application/json"), ("Content-Length", str(size + 1)), ("X-Signature", "sha256=" + "0" * 64)):
        connection.putheader(name, value)
    connection.endheaders()
    reply = connection.getresponse()
    assert (reply.status, json.loads(reply.read())["code"]) == (413, "BODY_TOO_LARGE"), reply.status
    connection.close()


class Load:
    """Sends polls over kept connections and small batches, each after the last answer, until stopped."""

    def __init__(self, front, source):
        self.front, self.source = front, source
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.counts, self.wrong, self.jobs = collections.Counter(), [], []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        client, unknown = Through(self.front, self.source(number)), str(uuid.uuid4())
        while not self.stopping.is_set():
            try:
                if number % 2:
                    self.note("poll", 404, client.poll(unknown))
                else:
                    lots = [{"lot_id": f"{uuid.uuid4()}", "images": [{"url": f"{os.environ['IMAGES_URL']}/roll.jpg"}]} for _ in range(2)]
                    self.note("batch", 201, client.generate(lots))
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.wrong.append(repr(error))
                client.close()
        client.close()

    def note(self, kind, wanted, reply):
        status, _, content = reply
        with self.lock:
            self.counts[kind] += 1
            if status != wanted:
                self.wrong.append((kind, status, content))
            elif status == 201:
                self.jobs.append(json.loads(content)["job_id"])

    def after(self, more):
        """Waits until this many more of each kind were answered."""
        with self.lock:
            goal = {kind: self.counts[kind] + more for kind in ("poll", "batch")}
        deadline = time.monotonic() + 120
        while not all(self.counts[kind] >= count for kind, count in goal.items()):
            assert time.monotonic() < deadline, f"the load stands still: {self.counts}"
            time.sleep(0.02)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def check_rolling_restart(front, instances):
    """Both instances are restarted in turn, twice, while requests come in: every request is answered, and every 201 has a job."""
    # Limited requests are not under load, and requests under load are not limited.
    instances.polls = 0
    for name in "ab":
        instances.stop(name)
        instances.start(name)
    load = Load(front, lambda number: f"127.0.0.{20 + number}")
    try:
        for name in "abab":
            load.after(20)
            instances.stop(name)
            load.after(20)
            instances.start(name)
            # As in nginx.conf: until nginx sends requests there again.
            time.sleep(4)
        load.after(20)
    finally:
        load.stop()
    assert not load.wrong, f"{len(load.wrong)} of {sum(load.counts.values())} went wrong: {load.wrong[:5]}"
    client = Through(front)
    for job in load.jobs:
        status, _, content = client.poll(job)
        assert status == 200 and json.loads(content)["progress"]["total_lots"] == 2, (status, content)
    client.close()
    print(f"nginx_test: {dict(load.counts)} over four restarts, none failed")


def check_nobody_there(front, instances):
    for name in "ab":
        instances.stop(name)
    client = Through(front)
    for _ in range(3):
        expect_unreachable(*client.poll(str(uuid.uuid4())))
    client.close()


def check_log(front):
    """One line per request, with the id in the client's reply and the instance that answered."""
    lines = front.said("access.log").splitlines()
    assert any("request_id=through-nginx" in line and " 200 " in line for line in lines)
    assert all(re.match(r"127\.0\.0\.\d+ \[", line) for line in lines), lines[:3]


if __name__ == "__main__":
    sys.exit(main())
