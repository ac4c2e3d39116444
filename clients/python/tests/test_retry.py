"""Retries, their number and their waits: the policy alone, and calls against a script."""
import email.utils
import time
import unittest

import requests

from support import JOB, Time, refusal, reply, scripted
from generation_service import (
    ConflictError, InvalidRequestError, TransportError, RateLimitError, RequestTimeoutError, RetryPolicy, ServerError, UnavailableError, WaitTimeoutError,
)

LOTS = [{"lot_id": "a", "images": [{"url": "https://example.com/1.jpg"}]}, {"lot_id": "b", "images": [{"url": "https://example.com/2.jpg"}]}]
STATUS = reply(200, {"job_id": JOB, "status": "cancelled", "updated_at": "2026-01-01T00:00:00Z"})
CREATED = reply(201, {"job_id": JOB})


def lost():
    return requests.ConnectionError("reset")


class Calls(unittest.TestCase):
    def test_waits_double_and_are_shortened_by_chance(self):
        for chance, waits in ((0.0, [0.5, 1, 2, 4, 8]), (1.0, [0.25, 0.5, 1, 2, 4])):
            client, script, clock = scripted(*[lost() for _ in range(6)], time=Time(chance))
            with self.assertRaises(TransportError):
                client.status(JOB)
            self.assertEqual(clock.sleeps, waits)
            self.assertEqual(len(script.requests), 6)

    def test_waits_have_a_cap(self):
        policy = RetryPolicy(attempts=100, deadline_seconds=1e9)
        self.assertEqual(policy.wait(TransportError(""), 99, 0, 0), 30)

    def test_retry_after_goes_first(self):
        for chance, wait in ((0.0, 7.0), (1.0, 7.5)):
            client, _, clock = scripted(
                refusal(429, "RATE_LIMIT_EXCEEDED", {"Retry-After": "7"}), STATUS, time=Time(chance))
            self.assertEqual(client.status(JOB)["job_id"], JOB)
            self.assertEqual(clock.sleeps, [wait])

    def test_retry_after_as_a_time_of_day(self):
        client, _, clock = scripted(
            refusal(503, "SERVICE_UNAVAILABLE", {"Retry-After": email.utils.formatdate(time.time() + 50, usegmt=True)}), STATUS)
        client.status(JOB)
        self.assertTrue(40 < clock.sleeps[0] <= 50, clock.sleeps)

    def test_a_long_retry_after_is_told_and_not_waited_for(self):
        client, script, clock = scripted(refusal(429, "RATE_LIMIT_EXCEEDED", {"Retry-After": "3600"}))
        with self.assertRaises(RateLimitError) as caught:
            client.status(JOB)
        self.assertEqual((caught.exception.retry_after, clock.sleeps, len(script.requests)), (3600, [], 1))

    def test_no_wait_goes_beyond_the_deadline(self):
        policy = RetryPolicy(attempts=100, deadline_seconds=100)
        client, script, clock = scripted(
            *[refusal(503, "SERVICE_UNAVAILABLE", {"Retry-After": "40"}) for _ in range(3)], retry=policy)
        with self.assertRaises(UnavailableError):
            client.status(JOB)
        self.assertEqual(clock.sleeps, [40, 40])

    def test_an_attempt_has_what_is_left_of_the_deadline(self):
        client, script, _ = scripted(
            refusal(503, "SERVICE_UNAVAILABLE", {"Retry-After": "80"}), STATUS, retry=RetryPolicy(deadline_seconds=100))
        client.status(JOB)
        self.assertEqual([request.settings["timeout"] for request in script.requests], [(30, 60), (20, 20)])

    def test_a_batch_is_sent_again_as_it_was(self):
        """C2.7: the same key and the same bytes, also after 503, 429, a time-out and a lost connection."""
        client, script, _ = scripted(
            refusal(503, "SERVICE_UNAVAILABLE", {"Retry-After": "1"}), refusal(429, "RATE_LIMIT_EXCEEDED"), requests.Timeout("slow"),
            lost(), CREATED)
        self.assertEqual(client.create_batch(iter(LOTS))["job_id"], JOB)
        self.assertEqual(len(script.requests), 5)
        for name in ("Idempotency-Key", "X-Signature", "Content-Length"):
            self.assertEqual(len({request.headers[name] for request in script.requests}), 1, name)
        self.assertEqual(len({request.sent for request in script.requests}), 1)

    def test_keys_differ_between_calls_unless_given(self):
        client, script, _ = scripted(CREATED, CREATED, CREATED)
        client.create_batch(LOTS)
        client.create_batch(LOTS)
        client.create_batch(LOTS, idempotency_key="order-17")
        keys = [request.headers["Idempotency-Key"] for request in script.requests]
        self.assertEqual(len(set(keys)), 3)
        self.assertEqual(keys[2], "order-17")

    def test_the_first_request_may_still_be_in_progress(self):
        """C2.7: 409 with Retry-After is retried beyond the number of attempts; a key with another body is an error at once."""
        busy = [refusal(409, "REQUEST_IN_PROGRESS", {"Retry-After": "5"}) for _ in range(20)]
        client, _, clock = scripted(lost(), *busy, reply(200, {"lots": []}))
        self.assertEqual(client.describe(LOTS[0]), {"lots": []})
        self.assertEqual(clock.sleeps, [0.5] + [5] * 20)
        client, _, clock = scripted(refusal(422, "IDEMPOTENCY_KEY_REUSED"))
        with self.assertRaises(InvalidRequestError):
            client.describe(LOTS[0])
        self.assertEqual(clock.sleeps, [])

    def test_what_may_have_cost_money_is_not_repeated(self):
        for status in (500, 502, 504):
            client, script, _ = scripted(refusal(status, "OPENAI_TIMEOUT"))
            with self.assertRaises(ServerError):
                client.describe(LOTS[0])
            self.assertEqual(len(script.requests), 1)
        for status in (502, 504):
            client, script, _ = scripted(refusal(status, "X"), STATUS)
            client.status(JOB)
            self.assertEqual(len(script.requests), 2)

    def test_what_will_not_change_is_not_repeated(self):
        for answer, error in ((refusal(404, "JOB_NOT_FOUND"), Exception), (requests.exceptions.SSLError("expired"), TransportError)):
            client, script, clock = scripted(answer)
            with self.assertRaises(error):
                client.status(JOB)
            self.assertEqual((len(script.requests), clock.sleeps), (1, []))

    def test_a_time_out_is_named(self):
        client, _, _ = scripted(requests.ReadTimeout("60 s"), retry=RetryPolicy(attempts=1))
        with self.assertRaises(RequestTimeoutError):
            client.status(JOB)

    def test_a_reply_that_breaks_off_is_asked_for_again(self):
        short = reply(200, b'{"job_id":', {"Content-Length": "100"})
        broken = reply(200, b'{"job_id":', is_broken=True)
        client, script, _ = scripted(short, broken, STATUS)
        self.assertEqual(client.status(JOB)["job_id"], JOB)
        self.assertEqual(len(script.requests), 3)


class Cancelling(unittest.TestCase):
    def test_a_cancelled_job_after_a_lost_reply_is_success(self):
        client, _, _ = scripted(lost(), refusal(409, "JOB_ALREADY_CANCELLED"), STATUS)
        said = client.cancel(JOB)
        self.assertEqual((said["job_id"], said["status"], said["cancelled_at"]), (JOB, "cancelled", "2026-01-01T00:00:00Z"))

    def test_it_is_an_error_otherwise(self):
        client, _, _ = scripted(refusal(503, "SERVICE_UNAVAILABLE"), refusal(409, "JOB_ALREADY_CANCELLED"))
        with self.assertRaises(ConflictError) as caught:
            client.cancel(JOB)
        self.assertFalse(caught.exception.after_lost_reply)


class Redelivering(unittest.TestCase):
    def test_a_pending_delivery_after_a_lost_reply_is_success(self):
        client, _, _ = scripted(lost(), refusal(409, "DELIVERY_PENDING"))
        self.assertEqual(client.redeliver("77")["status"], "pending")
        with self.assertRaises(ConflictError):
            scripted(refusal(409, "DELIVERY_PENDING"))[0].redeliver("77")


class WaitingForJobs(unittest.TestCase):
    @staticmethod
    def status(status, percentage):
        return reply(200, {"job_id": JOB, "status": status, "progress": {"completion_percentage": percentage}})

    def test_progress_is_told_until_the_end(self):
        client, _, clock = scripted(self.status("pending", 0.0), self.status("processing", 50.0), self.status("failed", 100.0))
        told = []
        ended = client.wait(JOB, poll_seconds=10, on_progress=lambda each: told.append(each["progress"]["completion_percentage"]))
        self.assertEqual((ended["status"], told, clock.sleeps), ("failed", [0.0, 50.0, 100.0], [10, 10]))

    def test_it_ends_in_time_and_looks_once_more(self):
        client, script, clock = scripted(*[self.status("processing", 50.0)] * 3)
        with self.assertRaises(WaitTimeoutError) as caught:
            client.wait(JOB, poll_seconds=10, timeout_seconds=15)
        self.assertEqual((clock.sleeps, len(script.requests), caught.exception.status["status"]), ([10, 5], 3, "processing"))


if __name__ == "__main__":
    unittest.main()
