"""Webhook verification against fixed signatures, by the document's function, and by the `standardwebhooks` library (C6)."""
import base64
import datetime
import email.message
import hashlib
import hmac
import json
import unittest

import standardwebhooks

from support import JOB, KEY
from generation_service import (
    WebhookVerificationError, verify_document_signature, verify_webhook, verify_webhook_signature,
)

OLD = "o" * 40
NOW = 1_790_000_000
BODY = json.dumps({"event": "batch_job_completed", "job_id": JOB, "lots": ["ж"]}, ensure_ascii=False).encode()
# Computed once with OpenSSL's command line, independently of our code:
#   printf %s 'hello' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
#   printf %s 'msg_1.1790000000.{}' | openssl dgst -sha256 -hmac kkk... -binary | base64
HELLO = "sha256=09965c168b4d0f09e92a5bb965af41e0f358885e51540d2c621250ac67e14349"
BRACES = "sha256=aceb78441ef0c418b2b6e65be722565af951f6a43b15aa6f5f9aec03e926f0fd"
STANDARD = "v1,ZgI1C7z8CPXqkQsmNz7kX5KYkTMPfX8RSICvIDPJTWc="


def library_signature(key, body, identifier="77", stamp=NOW):
    secret = "whsec_" + base64.b64encode(key.encode()).decode()
    return standardwebhooks.Webhook(secret).sign(identifier, datetime.datetime.fromtimestamp(stamp, datetime.timezone.utc), body.decode())


def headers(*signatures, identifier="77", stamp=str(NOW)):
    return {"Webhook-Id": identifier, "webhook-timestamp": stamp, "WEBHOOK-SIGNATURE": " ".join(signatures)}


class Standard(unittest.TestCase):
    def check(self, body=BODY, given=None, keys=KEY, now=NOW, **settings):
        return verify_webhook(body, given or headers(library_signature(KEY, BODY)), keys, clock=lambda: now, **settings)

    def refused(self, reason, **arguments):
        with self.assertRaises(WebhookVerificationError) as caught:
            self.check(**arguments)
        self.assertEqual(caught.exception.reason, reason)

    def test_by_hand(self):
        for body, keys in ((b"{}", KEY), ("{}", [OLD, KEY]), (b"{}", "whsec_" + base64.b64encode(KEY.encode()).decode())):
            found = verify_webhook(body, headers(STANDARD, identifier="msg_1"), keys, clock=lambda: NOW)
            self.assertEqual((found.id, found.timestamp, found.attempt, found.job_id, found.payload), ("msg_1", NOW, None, None, {}))

    def test_what_the_library_signs(self):
        found = self.check(given={**headers(library_signature(KEY, BODY)), "X-Job-ID": JOB, "X-Delivery-Attempt": "2"})
        self.assertEqual((found.id, found.attempt, found.job_id, found.payload["job_id"]), ("77", 2, JOB, JOB))

    def test_rotation(self):
        """The service signs with both keys (C6.4): a receiver with either key, or both, accepts it."""
        both = headers(library_signature(KEY, BODY), library_signature(OLD, BODY))
        for keys in (KEY, OLD, [KEY, OLD], ["x" * 40, OLD]):
            self.check(given=both, keys=keys)
        self.refused("mismatch", given=both, keys=["x" * 40])

    def test_other_versions_and_rubbish_among_the_signatures(self):
        self.check(given=headers("v1a,abc", "v2,???", "v1,???", "v1", "", library_signature(KEY, BODY)))
        self.refused("mismatch", given=headers(library_signature(KEY, BODY).replace("v1,", "v2,")))

    def test_everything_is_covered(self):
        good = library_signature(KEY, BODY)
        self.refused("mismatch", body=BODY + b" ")
        self.refused("mismatch", given=headers(good, identifier="78"))
        self.refused("mismatch", given=headers(good, stamp=str(NOW + 1)))
        self.refused("mismatch", given=headers(""))

    def test_the_replay_window(self):
        for now in (NOW + 300, NOW - 300):
            self.check(now=now)
        for now in (NOW + 301, NOW - 301):
            self.refused("stale", now=now)
        self.refused("stale", now=NOW + 11, tolerance_seconds=10)

    def test_the_documents_signature_does_not_stand_in(self):
        """Otherwise a replay could simply omit the other headers."""
        digest = "sha256=" + hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest()
        self.refused("missing", given={"X-Signature": digest})

    def test_malformed(self):
        for stamp in ("", "now", "-1", "1e9", "\u0661"):
            self.refused("malformed", given=headers(library_signature(KEY, BODY), stamp=stamp))
        for body in (b"no json", b"[]"):
            self.refused("malformed", body=body, given=headers(library_signature(KEY, body)))

    def test_headers_of_the_standard_library(self):
        message = email.message.Message()
        for name, value in headers(library_signature(KEY, BODY)).items():
            message[name] = value
        self.check(given=message)

    def test_no_key_is_a_mistake(self):
        for keys in ("", [], [KEY, ""]):
            with self.assertRaises(ValueError):
                self.check(keys=keys)


class Document(unittest.TestCase):
    def test_as_a_scheme(self):
        found = verify_webhook(b"{}", {"x-signature": BRACES}, KEY, scheme="document")
        self.assertEqual((found.payload, found.id), ({}, None))
        for given, reason in (({}, "missing"), ({"X-Signature": HELLO}, "mismatch")):
            with self.assertRaises(WebhookVerificationError) as caught:
                verify_webhook(b"{}", given, KEY, scheme="document")
            self.assertEqual(caught.exception.reason, reason)
        with self.assertRaises(ValueError):
            verify_webhook(b"{}", {"x-signature": BRACES}, KEY, scheme="none")

    def test_by_hand(self):
        for body in (b"hello", "hello", bytearray(b"hello")):
            self.assertTrue(verify_document_signature(body, HELLO, KEY))
            self.assertTrue(verify_webhook_signature(body, HELLO, KEY))
        self.assertTrue(verify_document_signature(b"hello", HELLO.upper().replace("SHA", "sha"), [OLD, KEY]))

    def test_refused(self):
        for signature in (None, "", HELLO[:-1], HELLO[7:], HELLO + "0", "sha256=ж"):
            self.assertFalse(verify_document_signature(b"hello", signature, KEY), signature)
        self.assertFalse(verify_document_signature(b"hello ", HELLO, KEY))
        self.assertFalse(verify_document_signature(b"hello", HELLO, [OLD]))


if __name__ == "__main__":
    unittest.main()
