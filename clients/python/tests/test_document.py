"""The document's class: the same signatures and methods, and its behaviour without an answer."""
import inspect
import json
import os
import sys
import unittest

import requests

from support import JOB, KEY, ROOT, refusal, reply, scripted
from generation_service import GenerationServiceClient, RetryPolicy

sys.path.insert(0, os.path.join(ROOT, "Tests", "ServiceTests"))
import document  # noqa: E402

ONCE = RetryPolicy(attempts=1)


def documents_class():
    """The class from the document."""
    text = document.block("python", "### Python Client SDK")
    scope = {"__name__": "document"}
    exec(compile(text, "generation-service-api-v2.md", "exec"), scope)
    return scope["GenerationServiceClient"]


class SameAsInTheDocument(unittest.TestCase):
    def test_methods_arguments_and_defaults(self):
        theirs = documents_class()
        for name, method in inspect.getmembers(theirs, inspect.isfunction):
            wanted = inspect.signature(method).parameters
            found = inspect.signature(getattr(GenerationServiceClient, name)).parameters
            # Our additional arguments are keyword-only.
            positional = [each for each in found.values() if each.kind is not inspect.Parameter.KEYWORD_ONLY]
            self.assertEqual([each.name for each in positional], list(wanted), name)
            for mine, each in zip(positional, wanted.values()):
                default = list(mine.default) if isinstance(mine.default, tuple) else mine.default
                self.assertEqual(default, each.default, f"{name}({each.name})")

    def test_attributes_and_signatures(self):
        mine, theirs = GenerationServiceClient("http://service.test/", KEY), documents_class()("http://service.test/", KEY)
        self.assertEqual((mine.base_url, mine.shared_key), (theirs.base_url, theirs.shared_key))
        for data in (JOB, {"lots": [{"b": "ж", "a": 1.0}]}):
            self.assertEqual(mine._generate_signature(data), theirs._generate_signature(data))

    def test_a_session_of_ones_own(self):
        client, script, _ = scripted(reply(200, {"job_id": JOB}), make=GenerationServiceClient)
        session = requests.Session()
        session.headers["X-Mine"] = "yes"
        session.mount("http://", script)
        client.session = session
        client.get_job_status(JOB)
        self.assertEqual(script.requests[0].headers["X-Mine"], "yes")


class Replies(unittest.TestCase):
    CARS = [{"lot_id": "a", "additional_info": "b", "image_urls": ["https://example.com/1.jpg"]}]

    def test_a_webhook_goes_into_every_lot(self):
        client, script, _ = scripted(reply(201, {"job_id": JOB}), make=GenerationServiceClient)
        self.assertEqual(client.batch_generate(self.CARS * 2, webhook_url="https://example.com/hook"), (JOB, None))
        sent = json.loads(script.requests[0].sent)
        self.assertEqual([lot["webhook"] for lot in sent["lots"]], ["https://example.com/hook"] * 2)
        self.assertEqual(sent["languages"], ["en"])

    def test_nobody_answers(self):
        """As in the document, whose client lets the exceptions of requests through."""
        for act in (
                lambda client: client.sync_generate("a", "b", []), lambda client: client.batch_generate(self.CARS),
                lambda client: client.get_job_status(JOB), lambda client: client.poll_for_completion(JOB)):
            client, _, _ = scripted(requests.ConnectTimeout("nobody"), retry=ONCE, make=GenerationServiceClient)
            with self.assertRaises(requests.ConnectTimeout):
                act(client)

    def test_something_else_answers(self):
        client, _, _ = scripted(reply(502, b"<html>"), reply(502, b"<html>"), retry=ONCE, make=GenerationServiceClient)
        self.assertEqual(client.sync_generate("a", "b", []), ({"error": "<html>", "code": "HTTP_502"}, 502))
        self.assertEqual(client.get_job_status(JOB), (None, "Failed to get job status: <html>"))

    def test_what_cannot_be_sent(self):
        client, _, _ = scripted(make=GenerationServiceClient)
        self.assertEqual(client.batch_generate([]), (None, "Failed to create batch job: a batch without lots"))

    def test_a_job_that_failed(self):
        status = {"job_id": JOB, "status": "failed", "error_message": "No image could be used"}
        told = []
        client, _, _ = scripted(reply(200, status), make=GenerationServiceClient)
        self.assertEqual(
            client.poll_for_completion(JOB, progress_callback=told.append), (None, "Job failed: No image could be used"))
        self.assertEqual(told, [status])

    def test_a_busy_service_is_waited_for(self):
        client, script, clock = scripted(
            refusal(429, "RATE_LIMIT_EXCEEDED", {"Retry-After": "3"}), reply(200, {"lots": []}), make=GenerationServiceClient)
        self.assertEqual(client.sync_generate("a", "b", []), ({"lots": []}, 200))
        self.assertEqual(clock.sleeps, [3])


if __name__ == "__main__":
    unittest.main()
