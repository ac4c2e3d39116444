"""Faults between client and service: lost replies, exceeded rates, an instance without its database."""
import json
import os
import urllib.request

from live import Database, Instance, LiveTest, needed
from support import Proxy, Time
from generation_service import InvalidRequestError, RateLimitError, RetryPolicy, UnavailableError

if "BASE_URL" in os.environ:
    import batch
    import provider

ONCE = RetryPolicy(attempts=1)


def spent():
    """Synchronous requests that the simulated OpenAI has answered."""
    with urllib.request.urlopen(os.environ["OPENAI_STATE_URL"], timeout=30) as reply:
        return json.load(reply)["requests"]["POST /v1/responses"]


@needed
class LostReplies(LiveTest):
    def setUp(self):
        self.proxy = Proxy(os.environ["BASE_URL"])
        self.addCleanup(self.proxy.close)
        self.time = Time()
        self.behind = self.client(self.proxy.url, waiting=self.time.waiting)
        self.lots = batch.make(3, os.environ["IMAGES_URL"])

    def test_a_batch_is_made_once(self):
        """C2.7: the service has committed the job and answered; the answer is lost, twice."""
        before = self.client().list_jobs(limit=1)["pagination"]["total"]
        self.proxy.cuts = 2
        job = self.behind.create_batch(iter(self.lots))["job_id"]
        self.assertEqual((self.proxy.cuts, self.proxy.connections, len(self.time.sleeps)), (0, 3, 2))
        page = self.client().list_jobs(limit=1)
        self.assertEqual((page["pagination"]["total"], page["jobs"][0]["id"]), (before + 1, job))

    def test_a_lot_is_described_once(self):
        """C2.7: the lot is paid once."""
        for job in self.client().iterate_jobs():
            self.client().wait(job["id"], poll_seconds=0.1)
        costs = []
        for cuts in (0, 2):
            self.behind.session.close()
            before, self.proxy.cuts = spent(), cuts
            reply = self.behind.describe({**self.lots[0], "lot_id": f"lost {cuts} times"}, batch.LANGUAGES)
            costs.append(spent() - before)
            self.assertEqual((reply["lots"][0]["lot_id"], self.proxy.cuts), (f"lost {cuts} times", 0))
        self.assertEqual(costs, [costs[0]] * 2)
        self.assertGreater(costs[0], 0)

    def test_a_key_is_for_one_body(self):
        self.behind.create_batch(self.lots, idempotency_key="test_a_key_is_for_one_body")
        with self.assertRaises(InvalidRequestError) as caught:
            self.behind.create_batch(self.lots[:2], idempotency_key="test_a_key_is_for_one_body")
        self.assertEqual(caught.exception.code, "IDEMPOTENCY_KEY_REUSED")

    def test_a_cancelling_reply(self):
        provider.hold(True)
        self.addCleanup(provider.hold, False)
        job = self.client().create_batch(self.lots)["job_id"]
        self.proxy.cuts = 1
        self.assertEqual(self.behind.cancel(job)["status"], "cancelled")

    def test_polls(self):
        job = self.client().create_batch(self.lots, batch.LANGUAGES)["job_id"]
        self.proxy.cuts = 1
        self.behind.status(job)
        self.ended(self.client(), job)
        self.proxy.cuts = 1
        self.behind.session.close()
        batch.check_results(self.behind.results(job), self.lots)
        self.assertEqual(len(self.time.sleeps), 2)


@needed
class Refusals(LiveTest):
    """An instance refuses; instead of waiting, the test points the proxy to another instance."""

    def behind_proxy(self, instance):
        self.proxy = Proxy(instance.url)
        self.addCleanup(self.proxy.close)
        self.time = Time(on_sleep=self.turn)
        return self.client(self.proxy.url, waiting=self.time.waiting)

    def turn(self):
        self.proxy.upstream = os.environ["BASE_URL"]
        self.session.close()

    def test_a_used_up_rate_is_waited_out(self):
        """C3: 429 with Retry-After."""
        instance = Instance(RATE_LIMIT_BATCH="1", RATE_LIMIT_POLL="1")
        self.addCleanup(instance.close)
        client = self.behind_proxy(instance)
        self.session = client.session
        lots = batch.make(3, os.environ["IMAGES_URL"])
        first = client.create_batch(lots)["job_id"]
        self.assertEqual(self.time.sleeps, [])
        second = client.create_batch(lots)["job_id"]
        self.assertNotEqual(first, second)
        self.assertEqual(len(self.time.sleeps), 1)
        self.assertTrue(1 <= self.time.sleeps[0] <= 60, self.time.sleeps)

        self.proxy.upstream = instance.url
        self.session.close()
        self.assertEqual([client.status(job)["job_id"] for job in (first, second)], [first, second])
        self.assertEqual(len(self.time.sleeps), 2)
        # A large body is refused before it is read, and the client still reads the refusal.
        large = [{**lot, "padding": "x" * 900_000, "lot_id": str(number)} for number, lot in enumerate(lots * 10)]
        with self.assertRaises(RateLimitError) as caught:
            self.client(instance.url, retry=ONCE).create_batch(large)
        self.assertEqual(caught.exception.code, "RATE_LIMIT_EXCEEDED")
        self.assertTrue(1 <= caught.exception.retry_after <= 60)

    def test_an_instance_without_its_database(self):
        """C4.5: 503 with Retry-After."""
        database = Database()
        self.addCleanup(database.drop)
        instance = Instance(DATABASE_URL=database.url)
        self.addCleanup(instance.close)
        database.drop()
        lots = batch.make(3, os.environ["IMAGES_URL"])
        with self.assertRaises(UnavailableError) as caught:
            self.client(instance.url, retry=ONCE).create_batch(lots)
        self.assertGreater(caught.exception.retry_after, 0)
        client = self.behind_proxy(instance)
        self.session = client.session
        job = client.create_batch(lots)["job_id"]
        self.assertEqual(self.client().status(job)["job_id"], job)
        self.assertEqual(len(self.time.sleeps), 1)
        self.assertGreaterEqual(self.time.sleeps[0], caught.exception.retry_after)
