"""The endpoints about deliveries (C6.3): a job's deliveries with their attempts, and a repeated delivery."""
import os
import time

from live import LiveTest, needed
from generation_service import NotFoundError, verify_webhook

if "BASE_URL" in os.environ:
    import batch
    from receiver import Receiver


@needed
class Deliveries(LiveTest):
    def test_deliveries_are_listed_and_started_anew(self):
        receiver, client = Receiver(), self.client()
        self.addCleanup(receiver.close)
        job = client.create_batch(batch.make(2, os.environ["IMAGES_URL"], [receiver.url]))["job_id"]
        self.ended(client, job)
        headers, body = receiver.next()
        delivery = self.settled(client, job, 1)
        self.assertEqual((delivery["id"], delivery["webhook_url"]), (headers["webhook-id"], receiver.url))
        self.assertEqual([attempt["http_status"] for attempt in delivery["attempts"]], [200])
        started = client.redeliver(delivery["id"])
        self.assertEqual((started["id"], started["status"], started["batch_job_id"]), (delivery["id"], "pending", job))
        again, same = receiver.next()
        self.assertEqual(same, body)
        self.assertEqual(verify_webhook(same, again, os.environ["SHARED_KEY"]).id, delivery["id"])
        self.assertEqual(len(self.settled(client, job, 2)["attempts"]), 2)

    def settled(self, client, job, attempts):
        """The job's only delivery after its booking, which follows its arrival."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            delivery, = client.webhook_deliveries(job)
            if delivery["status"] == "delivered" and len(delivery["attempts"]) == attempts:
                return delivery
            time.sleep(0.05)
        self.fail(delivery)

    def test_unknown_ones(self):
        client = self.client()
        with self.assertRaises(NotFoundError) as caught:
            client.webhook_deliveries("550e8400-e29b-41d4-a716-446655440000")
        self.assertEqual(caught.exception.code, "JOB_NOT_FOUND")
        with self.assertRaises(NotFoundError) as caught:
            client.redeliver("550e8400-e29b-41d4-a716-446655440000")
        self.assertEqual(caught.exception.code, "DELIVERY_NOT_FOUND")
