"""Runs deploy/nginx.conf, changed only in the places that it marks for a deployment: ports, instances, certificate."""
import hashlib
import hmac
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request

from programs import ROOT, program

GENERATE = "/api/v1/generate-descriptions"
CONF = os.path.join(ROOT, "deploy", "nginx.conf")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import stack  # noqa: E402


def certificate(folder):
    """A self-signed certificate for localhost."""
    os.makedirs(folder)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)


class Front:
    """One nginx in front of some instances."""

    def __init__(self, folder, instances, **changes):
        """`changes`: directives by name with other values, to shorten long time limits."""
        self.folder = folder
        self.plain, self.secure = stack.free_port(), stack.free_port()
        os.makedirs(f"{folder}/temp")
        # Its workers drop root.
        os.chmod(folder, 0o755)
        certificate(f"{folder}/ssl")
        self.conf = f"{folder}/nginx.conf"
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(self.adapted(instances, changes))
        self.command = [program("nginx"), "-c", self.conf, "-e", f"{folder}/early.log"]
        self.process = None

    def adapted(self, instances, changes):
        with open(CONF, encoding="utf-8") as file:
            text = file.read()

        def put(old, new, times):
            nonlocal text
            assert text.count(old) == times, f"{old!r} is {text.count(old)} times in nginx.conf"
            text = text.replace(old, new)
        server = "server app:5000 max_fails=1 fail_timeout=1s;\n"
        put("        " + server, "".join("        " + server.replace("app:5000", address) for address in instances), 2)
        put("listen 80;", f"listen 127.0.0.1:{self.plain};", 1)
        put("listen 443 ssl http2;", f"listen 127.0.0.1:{self.secure} ssl http2;", 1)
        for line in ("listen [::]:80;", "listen [::]:443 ssl http2;"):
            put("        " + line + "\n", "", 1)
        put("/etc/nginx/ssl/", self.folder + "/ssl/", 2)
        put("/run/nginx.pid", self.folder + "/nginx.pid", 1)
        put("/dev/stderr", self.folder + "/error.log", 1)
        put("/dev/stdout", self.folder + "/access.log", 1)
        put("worker_rlimit_nofile 65536;", "", 1)
        # Compiled-in folders that may be missing; none of these is used.
        temp = "".join(f"{kind}_temp_path {self.folder}/temp/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        put("http {\n", "http {\n" + temp, 1)
        for name, value in changes.items():
            before = next(line for line in text.splitlines() if line.strip().startswith(name + " "))
            put(before, f"{name} {value};", 1)
        return text

    def check(self):
        """Returns the output of `nginx -t`."""
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def start(self):
        self.process = subprocess.Popen([*self.command, "-g", "daemon off;"], start_new_session=True)
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.plain}/nginx-health", timeout=5):
                    return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.said("error.log")
                time.sleep(0.02)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def said(self, name):
        path = f"{self.folder}/{name}"
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def context(self):
        return ssl.create_default_context(cafile=f"{self.folder}/ssl/cert.pem")


class Through:
    """Requests through nginx over TLS, from a chosen address; one kept connection."""

    def __init__(self, front, source="127.0.0.1"):
        self.front, self.source, self.key = front, source, os.environ["SHARED_KEY"]
        self.connection = None

    def open(self):
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", self.front.secure, timeout=330, source_address=(self.source, 0), context=self.front.context())
        return self.connection

    def send(self, method, target, body=None, headers=None):
        connection = self.connection or self.open()
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        content = reply.read()
        if reply.will_close:
            self.close()
        return reply.status, reply.headers, content

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def sign(self, message):
        return "sha256=" + hmac.new(self.key.encode(), message, hashlib.sha256).hexdigest()

    def poll(self, job, **headers):
        return self.send("GET", f"/api/v1/batch-status/{job}", None, {"X-Signature": self.sign(job.encode()), **headers})

    def generate(self, lots, languages=("en",), **headers):
        body = json.dumps({"languages": languages, "lots": lots}).encode()
        return self.send("POST", GENERATE, body, {
            "Content-Type": "application/json", "X-Signature": self.sign(body), **headers})


def is_possible():
    return program("nginx") is not None and shutil.which("openssl") is not None
