"""Deliveries of the running service, verified as received."""
import base64
import os
import time

import standardwebhooks

from live import LiveTest, needed
from generation_service import WebhookVerificationError, verify_webhook

if "BASE_URL" in os.environ:
    import batch
    from receiver import Receiver


@needed
class Webhooks(LiveTest):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.key = os.environ["SHARED_KEY"]

    def delivered(self):
        """A client, an ended job, and its delivery as (headers, body)."""
        client = self.client()
        job = client.create_batch(batch.make(2, os.environ["IMAGES_URL"], [self.receiver.url]))["job_id"]
        self.ended(client, job)
        return client, job, *self.receiver.next()

    def test_a_delivery_verifies_both_ways(self):
        """C6.1, C6.4"""
        _, job, headers, body = self.delivered()
        for scheme in ("standard", "document"):
            found = verify_webhook(body, headers, ["o" * 40, self.key], scheme=scheme)
            self.assertEqual((found.job_id, found.attempt, found.payload["job_id"]), (job, 1, job))
            self.assertEqual(found.payload["event"], "batch_job_completed")
            with self.assertRaises(WebhookVerificationError):
                verify_webhook(body + b" ", headers, self.key, scheme=scheme)
        with self.assertRaises(WebhookVerificationError) as caught:
            verify_webhook(body, headers, self.key, clock=lambda: time.time() + 600)
        self.assertEqual(caught.exception.reason, "stale")
        secret = "whsec_" + base64.b64encode(self.key.encode()).decode()
        standardwebhooks.Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
