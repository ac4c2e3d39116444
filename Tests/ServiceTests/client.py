"""A small client of the service for these tests: raw requests, signed as in the document. Standard library only."""
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse


class Client:
    def __init__(self, base_url, shared_key):
        self.address = urllib.parse.urlsplit(base_url)
        self.shared_key = shared_key

    def sign(self, text):
        """`sha256=` and the document's HMAC over a text or bytes."""
        message = text if isinstance(text, bytes) else text.encode()
        return "sha256=" + hmac.new(self.shared_key.encode(), message, hashlib.sha256).hexdigest()

    def send(self, method, target, body=None, headers=None):
        """Status, headers and the body's bytes."""
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=120)
        connection.request(method, target, body=body, headers=headers or {})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, reply.headers, content

    def generate(self, lots, languages, signature=None, **members):
        normalized = json.dumps(lots, separators=(",", ":"), sort_keys=True)
        payload = {"signature": signature or self.sign(normalized), "version": "1.0.0", "languages": languages, "lots": lots,
                   **members}
        status, headers, content = self.send(
            "POST", "/api/v1/generate-descriptions", json.dumps(payload), {"Content-Type": "application/json"})
        return status, headers, json.loads(content)

    def job(self, method, target, job_id):
        """A request about one job: the signature covers its id."""
        status, headers, content = self.send(method, target.format(job_id), None, {"X-Signature": self.sign(job_id)})
        return status, headers, json.loads(content)

    def status(self, job_id):
        return self.job("GET", "/api/v1/batch-status/{}", job_id)

    def results(self, job_id):
        return self.job("GET", "/api/v1/batch-results/{}", job_id)

    def cancel(self, job_id):
        return self.job("POST", "/api/v1/batch-jobs/{}/cancel", job_id)

    def jobs(self, query=""):
        target = "/api/v1/batch-jobs" + query
        status, headers, content = self.send("GET", target, None, {"X-Signature": self.sign(target)})
        return status, headers, json.loads(content)

    def wait(self, job_id, seconds=90):
        """Waits for the end of the job and returns its status reply; progress must never decrease."""
        deadline, processed = time.monotonic() + seconds, 0
        while time.monotonic() < deadline:
            code, _, status = self.status(job_id)
            assert code == 200, (code, status)
            assert status["progress"]["processed_lots"] >= processed, "progress decreased"
            processed = status["progress"]["processed_lots"]
            if status["status"] in ("completed", "failed", "cancelled"):
                return status
            time.sleep(0.1)
        raise AssertionError(f"job {job_id} did not end within {seconds} s: {status}")
