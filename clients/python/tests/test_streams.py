"""JSON in pieces, lots from files, results that continue after a cut, downloads that are complete or absent, paging."""
import io
import json
import os
import random
import tempfile
import unittest

from support import JOB, refusal, reply, scripted
from generation_service import (
    BatchTooLargeError, InputError, InvalidReplyError, JobEndedError, JobNotCompletedError, RetryPolicy, TransportError,
)
from generation_service import spool
from generation_service.jsonstream import JSONCutOffError, JSONReader
from generation_service.spool import LotsFile


def pieces(body, size):
    return [body[at:at + size] for at in range(0, len(body), size)]


def results(count, **members):
    lots = [{"lot_id": f"lot-{number} «ж\U0001f697»", "status": "completed", "n": number} for number in range(count)]
    return {"job_id": JOB, "status": "completed", "processing_summary": {"total_lots": count},
            "results": {"version": "1.0.0", "lots": lots}, **members}


class Reading(unittest.TestCase):
    def test_values_in_pieces_of_every_size(self):
        value = [0, -12, 1.5e-7, "ж\\\"\U0001f697", {"a": [], "b": {}, "": [None, True, False]}, "]}", [[["x" * 50]]], 123456]
        for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
            body = text.encode()
            for size in list(range(1, 40)) + [len(body)]:
                reader = JSONReader(pieces(body, size))
                self.assertEqual([reader.value() for _ in reader.elements()], value, size)
                self.assertEqual(reader.peek(), "")

    def test_a_number_at_the_very_end(self):
        self.assertEqual(JSONReader([b"12", b"34"]).value(), 1234)

    def test_what_is_cut_off_is_told_from_what_is_wrong(self):
        for text in (b"", b"[", b'[{"a":1}', b'[{"a":"x', b'[{"a":1},', b'[{"a"'):
            with self.assertRaises(JSONCutOffError, msg=text):
                list(value for reader in [JSONReader([text])] for _ in reader.elements() for value in [reader.value()])
        for text in (b"{}", b"[}", b"[1 2]", b"[nul]"):
            with self.assertRaises(ValueError, msg=text) as caught:
                list(value for reader in [JSONReader([text])] for _ in reader.elements() for value in [reader.value()])
            self.assertNotIsInstance(caught.exception, JSONCutOffError)

    def test_a_large_value_costs_its_length(self):
        tries = []

        class Counting(JSONReader):
            def _decode(self):
                tries.append(len(self._text))
                return super()._decode()

        body = json.dumps("x" * 2_000_000).encode()
        self.assertEqual(len(Counting(pieces(body, 1000)).value()), 2_000_000)
        self.assertLess(sum(tries), 3 * len(body))

    def test_garbage_without_an_end_is_bounded(self):
        with self.assertRaisesRegex(ValueError, "over"):
            JSONReader(b'"' + b"x" * 65536 if number == 0 else b"x" * 65536 for number in range(10_000)).value()


class Files(unittest.TestCase):
    LOTS = [{"lot_id": f"lot-{number}", "images": [{"url": "https://example.com/ж.jpg"}]} for number in range(2000)]

    def body(self, content, *arguments):
        client, script, _ = scripted(reply(201, {"job_id": JOB}))
        client.create_batch_from_file(content, *arguments)
        return json.loads(script.requests[0].sent)

    def test_every_form(self):
        lines = "".join(json.dumps(lot, ensure_ascii=False) + "\r\n" for lot in self.LOTS)
        for text, languages in ((lines, ["en"]), ("\n\n" + lines.rstrip(), ["en"]), (json.dumps(self.LOTS, indent=2), ["en"]),
                                (json.dumps({"lots": self.LOTS, "signature": "sha256=0", "languages": ["de"]}), ["de"])):
            sent = self.body(io.BytesIO(text.encode()))
            self.assertEqual(sent, {"lots": self.LOTS, "languages": languages, "version": "1.0.0"})

    def test_a_named_file_and_languages(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lots.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"languages": ["de"], "lots": self.LOTS[:2]}, file)
            self.assertEqual(self.body(path, ["fr"])["languages"], ["fr"])

    def test_a_lot_with_an_unknown_member_is_no_body(self):
        lot = {**self.LOTS[0], "lots": 3}
        self.assertEqual(self.body(io.BytesIO(json.dumps(lot).encode()))["lots"], [lot])

    def test_what_is_no_file_of_lots(self):
        for text in (b"[1] 2", b"[", b"nonsense", b"\xff", b""):
            with self.assertRaises(InputError, msg=text):
                self.body(io.BytesIO(text))

    def test_lots_are_read_as_they_are_needed(self):
        source = io.BytesIO(json.dumps(self.LOTS).encode())
        next(iter(LotsFile(source)))
        self.assertLess(source.tell(), len(source.getvalue()))

    def test_a_body_over_the_limit_is_not_sent(self):
        limit, spool.BODY_LIMIT_BYTES = spool.BODY_LIMIT_BYTES, 10_000
        self.addCleanup(setattr, spool, "BODY_LIMIT_BYTES", limit)
        client, script, _ = scripted()
        with self.assertRaisesRegex(BatchTooLargeError, "at lot 1[0-9][0-9]"):
            client.create_batch(iter(self.LOTS))
        self.assertEqual(script.requests, [])

    def test_an_error_of_the_generator_passes_through(self):
        def lots():
            yield self.LOTS[0]
            raise KeyError("mine")

        with self.assertRaises(KeyError):
            scripted()[0].create_batch(lots())

    def test_lone_surrogates_reach_the_service_escaped(self):
        client, script, _ = scripted(reply(201, {"job_id": JOB}))
        client.create_batch([{"lot_id": "\ud800ж"}])
        self.assertIn(b"\\ud800", script.requests[0].sent)


class Results(unittest.TestCase):
    def test_lot_by_lot(self):
        document = results(5000)
        client, _, _ = scripted(reply(200, document))
        with client.stream_results(JOB) as stream:
            self.assertEqual(stream.summary["total_lots"], 5000)
            self.assertEqual(list(stream), document["results"]["lots"])
        self.assertEqual(stream.head["job_id"], JOB)

    def test_members_in_any_order_and_no_lots(self):
        document = {"results": {"lots": [], "version": "1.0.0"}, "status": "completed", "processing_summary": {"total_lots": 0}}
        client, _, _ = scripted(reply(200, document))
        stream = client.stream_results(JOB)
        self.assertEqual((list(stream), stream.summary, stream.head["status"]), ([], {"total_lots": 0}, "completed"))

    def test_a_lost_connection_is_taken_up_where_it_broke_off(self):
        body = json.dumps(results(5000)).encode()
        chance = random.Random(1)
        cuts = [reply(200, body[:chance.randrange(len(body))], is_broken=chance.random() < 0.5, headers={"Content-Length": str(len(body))})
                for _ in range(5)]
        client, script, clock = scripted(*cuts, reply(200, body))
        self.assertEqual([lot["n"] for lot in client.stream_results(JOB)], list(range(5000)))
        self.assertEqual((len(script.requests), len(clock.sleeps)), (6, 5))

    def test_it_gives_up_when_nothing_moves(self):
        body = json.dumps(results(10)).encode()[:-20]
        client, script, _ = scripted(*[reply(200, body)] * 9, retry=RetryPolicy(attempts=3))
        with self.assertRaises(TransportError):
            list(client.stream_results(JOB))
        self.assertEqual(len(script.requests), 3)

    def test_errors_come_before_the_first_lot(self):
        for answer, kind in ((refusal(202, "JOB_NOT_COMPLETED"), JobNotCompletedError), (refusal(409, "JOB_FAILED"), JobEndedError),
                             (reply(200, b"<html>"), InvalidReplyError), (reply(200, b'{"results":{"lots":[]}} x'), InvalidReplyError)):
            with self.assertRaises(kind):
                scripted(answer)[0].stream_results(JOB)


class Deliveries(unittest.TestCase):
    def test_one_by_one(self):
        document = {"job_id": JOB, "deliveries": [{"id": str(number), "attempts": []} for number in range(3000)]}
        client, _, _ = scripted(reply(200, document), reply(200, document))
        self.assertEqual(client.webhook_deliveries(JOB), document["deliveries"])
        with client.stream_webhook_deliveries(JOB) as stream:
            self.assertEqual(next(stream)["id"], "0")


class Downloads(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "results.json")

    def test_a_download_that_breaks_off_begins_anew(self):
        body = json.dumps(results(1000)).encode()
        client, _, _ = scripted(reply(200, body[:70_000], is_broken=True), reply(200, body))
        self.assertEqual(client.download(JOB, self.path), self.path)
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), body)
        self.assertEqual(os.listdir(self.folder), ["results.json"])

    def test_a_failed_one_leaves_what_was_there(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("before")
        for answer in (refusal(404, "JOB_NOT_FOUND"), reply(200, b"{", {"Content-Length": "9"})):
            client, _, _ = scripted(answer, retry=RetryPolicy(attempts=1))
            with self.assertRaises(Exception):
                client.download(JOB, self.path)
            self.assertEqual(os.listdir(self.folder), ["results.json"])
            with open(self.path, encoding="ascii") as file:
                self.assertEqual(file.read(), "before")


class Paging(unittest.TestCase):
    def test_all_pages_and_no_job_twice(self):
        """A job created between two pages moves the last one of the first page to the second."""
        page = lambda jobs, more: reply(200, {"jobs": [{"id": each} for each in jobs], "pagination": {"has_more": more}})  # noqa: E731
        client, script, _ = scripted(page("cba", True), page("az", True), page("", False))
        self.assertEqual("".join(job["id"] for job in client.iterate_jobs(status="completed", page_size=3)), "cbaz")
        self.assertEqual(
            [request.path_url.partition("?")[2] for request in script.requests],
            [f"status=completed&limit=3&offset={offset}" for offset in (0, 3, 5)])


if __name__ == "__main__":
    unittest.main()
