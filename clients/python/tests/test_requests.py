"""Requests on a real socket: signed by C1, over exactly the sent bytes."""
import hashlib
import hmac
import io
import json
import unittest

from support import JOB, KEY, Recorder, refusal, reply, scripted
from generation_service import (
    APIError, AuthenticationError, Client, ConflictError, InputError, InvalidRequestError, JobNotCompletedError, NotFoundError, RateLimitError, InvalidReplyError,
    RetryPolicy, ServerError, UnavailableError, sign,
)

LOT = {"lot_id": "ж", "images": [{"url": "https://example.com/1.jpg"}]}


def by_hand(message):
    return "sha256=" + hmac.new(KEY.encode(), message, hashlib.sha256).hexdigest()


class OnTheWire(unittest.TestCase):
    def sent(self, act, path="", status=200):
        recorder = Recorder(status)
        self.addCleanup(recorder.close)
        with Client(recorder.url + path, KEY, retry=RetryPolicy(attempts=1)) as client:
            act(client)
        (line, headers, body), = recorder.requests
        method, target, _ = line.split(" ")
        return method, target, headers, body

    def test_a_body_is_signed_as_it_is_sent(self):
        """C1.3, for a synchronous request and for a spooled batch."""
        for act, status in ((lambda client: client.describe(LOT, ["en", "de"]), 200),
                            (lambda client: client.create_batch(iter([LOT, {**LOT, "lot_id": "b"}]), ("en",)), 201)):
            method, target, headers, body = self.sent(act, status=status)
            self.assertEqual((method, target), ("POST", "/api/v1/generate-descriptions"))
            self.assertEqual(headers["X-Signature"], by_hand(body))
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertEqual(headers["Content-Length"], str(len(body)))
            self.assertIsNone(headers["Transfer-Encoding"])
            self.assertEqual(json.loads(body)["lots"][0], LOT)
            self.assertRegex(headers["Idempotency-Key"], r"^[0-9a-f]{32}$")
        self.assertEqual(headers["Prefer"], "respond-async")

    def test_a_job_id_is_signed_as_it_stands_in_the_path(self):
        """C1.5"""
        for identifier, segment in ((JOB, JOB), ("a/b?c%d é~", "a%2Fb%3Fc%25d%20%C3%A9~")):
            for act, start, end in (
                    (lambda client: client.status(identifier), "GET /api/v1/batch-status/", ""),
                    (lambda client: client.results(identifier), "GET /api/v1/batch-results/", ""),
                    (lambda client: client.cancel(identifier), "POST /api/v1/batch-jobs/", "/cancel")):
                method, target, headers, _ = self.sent(act)
                self.assertEqual(f"{method} {target}", start + segment + end)
                self.assertEqual(headers["X-Signature"], by_hand(segment.encode()))

    def test_the_list_signs_the_target_as_it_is_sent(self):
        """C1.5, with characters that a query must encode."""
        for path in ("", "/behind/a/proxy", "/behind/"):
            method, target, headers, _ = self.sent(
                lambda client: client.list_jobs(status="completed", limit=20, created_after="2026-01-01T00:00:00+03:00"), path)
            self.assertEqual(
                (method, target),
                ("GET", path.rstrip("/") + "/api/v1/batch-jobs?status=completed&limit=20&created_after=2026-01-01T00%3A00%3A00%2B03%3A00"))
            self.assertEqual(headers["X-Signature"], by_hand(target[len(path.rstrip("/")):].encode()))

    def test_without_parameters(self):
        _, target, headers, _ = self.sent(lambda client: client.list_jobs())
        self.assertEqual(target, "/api/v1/batch-jobs")
        self.assertEqual(headers["X-Signature"], by_hand(b"/api/v1/batch-jobs"))

    def test_deliveries_sign_their_id(self):
        """C6.3"""
        recorder = Recorder(202)
        self.addCleanup(recorder.close)
        Client(recorder.url, KEY).redeliver("77")
        (line, headers, _), = recorder.requests
        self.assertEqual(line, "POST /api/v1/webhook-deliveries/77/redeliver HTTP/1.1\r\n")
        self.assertEqual(headers["X-Signature"], by_hand(b"77"))

    def test_the_signature_of_the_document(self):
        self.assertEqual(sign(KEY, JOB), by_hand(JOB.encode()))


class Refusals(unittest.TestCase):
    def test_an_error_carries_what_the_service_said(self):
        details = {"provided_lots": 75000, "max_allowed": 50000}
        client, _, _ = scripted(refusal(413, "BATCH_SIZE_EXCEEDED", details=details))
        with self.assertRaises(InvalidRequestError) as caught:
            client.create_batch([LOT])
        error = caught.exception
        self.assertEqual(
            (error.status, error.code, error.title, error.message, error.request_id, error.details, error.retry_after),
            (413, "BATCH_SIZE_EXCEEDED", "Refused", "No.", "r-1", details, None))
        self.assertIn("BATCH_SIZE_EXCEEDED", str(error))

    def test_classes_by_status(self):
        for status, kind in ((202, JobNotCompletedError), (400, InvalidRequestError), (401, AuthenticationError), (403, AuthenticationError),
                             (404, NotFoundError), (409, ConflictError), (415, InvalidRequestError), (422, InvalidRequestError),
                             (429, RateLimitError), (500, ServerError), (502, ServerError), (503, UnavailableError), (504, ServerError),
                             (431, APIError), (301, APIError)):
            client, _, _ = scripted(refusal(status, "X"), retry=RetryPolicy(attempts=1))
            with self.assertRaises(APIError) as caught:
                client.results(JOB)
            self.assertIs(type(caught.exception), kind, status)

    def test_where_something_else_answers(self):
        client, _, _ = scripted(reply(502, b"<html>Bad gateway"), retry=RetryPolicy(attempts=1))
        with self.assertRaises(ServerError) as caught:
            client.status(JOB)
        self.assertEqual((caught.exception.code, caught.exception.message), ("HTTP_502", "<html>Bad gateway"))
        for body in (b"<html>Welcome", b"[]"):
            with self.assertRaises(InvalidReplyError):
                scripted(reply(200, body))[0].status(JOB)

    def test_nothing_is_sent_that_cannot_be(self):
        client, script, _ = scripted()
        for act in (
                lambda: client.status(""), lambda: client.cancel(".."), lambda: client.create_batch([]),
                lambda: client.create_batch([LOT], "en"), lambda: client.describe({**LOT, "webhook": "https://example.com"}),
                lambda: client.describe({"lot_id": float("nan")}), lambda: client.create_batch([{"lot_id": b"x"}]),
                lambda: client.create_batch_from_file(io.BytesIO(b'{"lot_id":')), lambda: Client("example.com", KEY),
                lambda: Client("https://user:secret@example.com", KEY)):
            with self.assertRaises(InputError) as caught:
                act()
            self.assertNotIn("secret", str(caught.exception))
        self.assertEqual(script.requests, [])


if __name__ == "__main__":
    unittest.main()
