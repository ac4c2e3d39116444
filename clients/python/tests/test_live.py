"""Every method of the client against the running service."""
import itertools
import json
import os
import tempfile
import time
import tracemalloc
import unittest

from live import LiveTest, needed
from generation_service import (
    AuthenticationError, Client, ConflictError, GenerationServiceClient, InvalidRequestError, JobEndedError, JobNotCompletedError,
    NotFoundError, WaitTimeoutError, Waiting,
)

if "BASE_URL" in os.environ:
    import batch

    import document_client_test
    import provider

COUNT = 5000
# Memory bound while the whole job passes through; requests and results are over five times as large.
MEMORY_BYTES = 400_000


@needed
class TheDocumentsProgram(LiveTest):
    def test_with_nothing_changed_but_its_import(self):
        text = document_client_test.example()
        start, end = text.index("class GenerationServiceClient:"), text.index("# Примеры использования")
        text = text[:start] + "from generation_service import GenerationServiceClient\n\n" + text[end:]
        impatient = Waiting(sleep=lambda seconds: time.sleep(min(seconds, 0.2)))

        def prepare(program):
            self.assertIs(program.GenerationServiceClient, GenerationServiceClient)
            program.GenerationServiceClient = lambda url, key: GenerationServiceClient(url, key, waiting=impatient)

        document_client_test.check(text, prepare)

    def test_errors_come_as_in_the_document(self):
        client = GenerationServiceClient(os.environ["BASE_URL"], "x" * 40)
        unknown = "550e8400-e29b-41d4-a716-446655440000"
        reply, status = client.sync_generate("a", "", ["https://example.com/1.jpg"])
        self.assertEqual((status, reply["code"]), (403, "INVALID_SIGNATURE"))
        job, error = client.batch_generate([{"lot_id": "a", "additional_info": "", "image_urls": ["https://example.com/1.jpg"]}])
        self.assertIsNone(job)
        self.assertRegex(error, "^Failed to create batch job: {.*INVALID_SIGNATURE")
        for (value, error), start in ((client.get_job_status(unknown), "Failed to get job status: {"),
                                      (client.get_job_results(unknown), "Failed to get results: {"),
                                      (client.poll_for_completion(unknown), "Failed to get job status: {")):
            self.assertIsNone(value)
            self.assertTrue(error.startswith(start), error)
        for (value, error), start in ((client.cancel_job(unknown), "Failed to cancel job: {"),
                                      (client.download_results(unknown), "Failed to download results: {")):
            self.assertIs(value, False)
            self.assertTrue(error.startswith(start), error)

    def test_a_batch_of_one_and_the_rest_of_the_methods(self):
        client = GenerationServiceClient(os.environ["BASE_URL"], os.environ["SHARED_KEY"])
        car = {"lot_id": "one", "additional_info": "", "image_urls": [os.environ["IMAGES_URL"] + "/one.jpg"]}
        with provider.held():
            job, error = client.batch_generate([car], ["en"])
            self.assertIsNone(error)
            results, error = client.get_job_results(job)
            self.assertEqual((results, error), (None, "Job not completed yet"))
            self.assertEqual(client.poll_for_completion(job, max_wait_time=0)[1], "Timeout after 0 seconds")
        results, error = client.poll_for_completion(job, poll_interval=0.1)
        self.assertEqual([lot["lot_id"] for lot in results["results"]["lots"]], ["one"])
        self.assertEqual(client.cancel_job(job)[0], False)
        with provider.held():
            job, _ = client.batch_generate([car], ["en"])
            self.assertEqual(client.cancel_job(job), (True, "Job cancelled successfully"))
        self.assertEqual(client.poll_for_completion(job), (None, "Job cancelled: Unknown error"))


@needed
class Generating(LiveTest):
    def test_one_lot_at_once(self):
        lot = batch.make(6, os.environ["IMAGES_URL"])[5]
        reply = self.client().describe(lot, batch.LANGUAGES)
        self.assertEqual(reply["processing_mode"], "synchronous")
        said, = reply["lots"]
        wanted = batch.expected(lot)
        for name in ("lot_id", "status", "processed_images", "missing_images"):
            self.assertEqual(said[name], wanted[name])
        self.assertEqual([each["language"] for each in said["descriptions"]], batch.LANGUAGES)

    def test_5000_lots_from_a_generator(self):
        """Sent, read and downloaded with memory for a few lots, not for all of them."""
        client = self.client()
        client.list_jobs(limit=1)  # memory of the first request is not the batch's
        job, peak = self.measured(lambda: client.create_batch(self.lots())["job_id"])
        self.assertLess(peak, MEMORY_BYTES)
        self.assertGreater(sum(len(json.dumps(lot)) for lot in self.lots()), 5 * MEMORY_BYTES)
        progress = []
        status = client.wait(job, poll_seconds=0.2, timeout_seconds=240, on_progress=lambda each: progress.append(each["progress"]))
        self.assertEqual(status["status"], "completed")
        seen = [each["processed_lots"] for each in progress]
        self.assertEqual((seen, seen[-1]), (sorted(seen), COUNT))

        def read():
            with client.stream_results(job) as results:
                self.assertEqual(results.summary["total_lots"], COUNT)
                for lot, said in itertools.zip_longest(self.lots(), results):
                    self.assertEqual((said["lot_id"], said["status"]), (lot["lot_id"], "completed"))
                    self.assertEqual(
                        said["descriptions"], [{"language": "en", "damages": batch.predict.vision([lot["images"][0]["url"]])}])

        _, peak = self.measured(read)
        self.assertLess(peak, MEMORY_BYTES)
        with tempfile.TemporaryDirectory() as folder:
            path, peak = self.measured(lambda: client.download(job, os.path.join(folder, "results.json")))
            self.assertLess(peak, MEMORY_BYTES)
            self.assertGreater(os.path.getsize(path), 5 * MEMORY_BYTES)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), client.results(job))

    @staticmethod
    def lots():
        """With long ids, so that requests and results are large though each lot has but one image."""
        return ({"lot_id": f"{number:0200}", "additional_info": "Car " * 50,
                 "images": [{"url": f"{os.environ['IMAGES_URL']}/{number}.jpg"}]} for number in range(COUNT))

    @staticmethod
    def measured(act):
        """The result of `act`, and its maximum memory in bytes."""
        tracemalloc.start()
        try:
            return act(), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_files(self):
        client, lots = self.client(), batch.make(20, os.environ["IMAGES_URL"])
        forms = {
            "lots.ndjson": "\n".join(json.dumps(lot, ensure_ascii=False) for lot in lots), "array.json": json.dumps(lots, indent=1),
            "body.json": json.dumps({"version": "1.0.0", "languages": batch.LANGUAGES, "lots": lots}),
        }
        with tempfile.TemporaryDirectory() as folder:
            for name, text in forms.items():
                path = os.path.join(folder, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                accepted = client.create_batch_from_file(path, None if name == "body.json" else batch.LANGUAGES)
                self.assertEqual((accepted["total_lots"], accepted["languages"]), (20, batch.LANGUAGES))
                self.ended(client, accepted["job_id"])
                batch.check_results(client.results(accepted["job_id"]), lots)

    def test_a_batch_of_one_lot(self):
        accepted = self.client().create_batch(batch.make(1, os.environ["IMAGES_URL"]))
        self.assertEqual((accepted["total_lots"], accepted["languages"]), (1, ["en"]))


@needed
class Jobs(LiveTest):
    def test_a_job_that_is_cancelled(self):
        provider.hold(True)
        self.addCleanup(provider.hold, False)
        client = self.client()
        job = client.create_batch(batch.make(50, os.environ["IMAGES_URL"]))["job_id"]
        with self.assertRaises(JobNotCompletedError) as caught:
            client.stream_results(job)
        self.assertIn(caught.exception.body["status"], ("pending", "processing"))
        with self.assertRaises(WaitTimeoutError):
            client.wait(job, timeout_seconds=0)
        self.assertEqual(client.cancel(job)["status"], "cancelled")
        with self.assertRaises(ConflictError) as caught:
            client.cancel(job)
        self.assertEqual(caught.exception.code, "JOB_ALREADY_CANCELLED")
        with self.assertRaises(JobEndedError) as caught:
            client.results(job)
        self.assertEqual(caught.exception.body["status"], "cancelled")
        self.assertEqual(client.wait(job)["status"], "cancelled")

    def test_lists(self):
        client = self.client()
        made = [client.create_batch(batch.make(1, os.environ["IMAGES_URL"]))["job_id"] for _ in range(5)]
        page = client.list_jobs(limit=2, offset=1)
        self.assertEqual([job["id"] for job in page["jobs"]], made[:2:-1][1:] + made[2:3])
        self.assertEqual((page["pagination"]["limit"], page["pagination"]["has_more"]), (2, True))
        jobs = list(client.iterate_jobs(page_size=2))
        self.assertEqual([job["id"] for job in jobs][:5], made[::-1])
        self.assertEqual(len({job["id"] for job in jobs}), page["pagination"]["total"])
        since = client.status(made[0])["created_at"].replace("Z", "+00:00")
        self.assertLessEqual(set(made), {job["id"] for job in client.iterate_jobs(created_after=since)})
        self.assertEqual(list(client.iterate_jobs(created_before="2020-01-01T00:00:00Z")), [])

    def test_what_is_refused(self):
        client, lots = self.client(), batch.make(2, os.environ["IMAGES_URL"])
        with self.assertRaises(NotFoundError) as caught:
            client.status("no/such job?")
        self.assertEqual((caught.exception.code, caught.exception.status), ("JOB_NOT_FOUND", 404))
        with self.assertRaises(ConflictError) as caught:
            client.create_batch(lots + lots[:1])
        self.assertEqual(caught.exception.code, "DUPLICATE_LOT_ID")
        with self.assertRaises(InvalidRequestError) as caught:
            client.create_batch(lots, ["xx"])
        self.assertEqual((caught.exception.code, caught.exception.status), ("UNSUPPORTED_LANGUAGE", 422))
        self.assertTrue(caught.exception.request_id and caught.exception.details and caught.exception.title)
        with self.assertRaises(InvalidRequestError):
            client.list_jobs(status="done & dusted")
        with Client(os.environ["BASE_URL"], "x" * 40) as other, self.assertRaises(AuthenticationError) as caught:
            list(other.iterate_jobs())
        self.assertEqual(caught.exception.code, "INVALID_SIGNATURE")
