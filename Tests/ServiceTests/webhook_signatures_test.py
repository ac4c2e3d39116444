#!/usr/bin/env python3
"""Delivered bodies verify with the document's function and with the Standard Webhooks library: before a rotation of keys (C1.6,
C6.1, C6.4), while both keys are set, and after it. The same delivery is sent again each time: its id and its bytes stay.

Environment: set by run.py. The test starts its own server for the rotation, with a new database.
"""
import base64
import json
import os
import sys
import tempfile
import time
import types
import uuid

import standardwebhooks

import batch
import document
import run
from client import Client
from receiver import Receiver

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
import stack  # noqa: E402

# Two keys of the minimum length; one with non-ASCII characters, because the key is its bytes.
OLD, NEW = "old-" + uuid.uuid4().hex[:28], "new-ключ-" + uuid.uuid4().hex


def main():
    verifying = types.ModuleType("verifying")
    exec(document.block("python", "### Верификация webhook подписи"), verifying.__dict__)
    server_url = os.environ["TEST_DATABASE_URL"]
    database_url, database = run.make_database(server_url)
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as logs:
        running = stack.Stack(os.environ["BINARIES"], logs)
        try:
            rotate(running, database_url, receiver, verifying.verify_webhook_signature)
        except BaseException:
            print("".join(child.last_lines(60) for child in running.children))
            raise
        finally:
            running.stop()
            receiver.close()
            run.psql(server_url, f'DROP DATABASE "{database}" WITH (FORCE)')
    print("webhook_signatures_test: ok")


def rotate(running, database_url, receiver, verify):
    client = start(running, database_url, SHARED_KEY=OLD)
    lots = batch.make(7, os.environ["IMAGES_URL"], [receiver.url])
    code, _, reply = client.generate(lots, batch.LANGUAGES)
    assert code == 201, (code, reply)
    first = receiver.next()
    check(first, verify, document_key=OLD, keys=[OLD], others=[NEW])
    delivery = ended_delivery(client, reply["job_id"])

    # During the rotation callers may sign with either key, and receivers can verify with either key.
    client = start(running, database_url, SHARED_KEY=NEW, SHARED_KEY_PREVIOUS=OLD)
    for number, key in enumerate((OLD, NEW)):
        client.shared_key = key
        code, _, reply = client.job("POST", "/api/v1/webhook-deliveries/{}/redeliver", delivery["id"])
        assert code == 202, (code, reply)
        again = receiver.next()
        check(again, verify, document_key=NEW, keys=[OLD, NEW], others=[])
        check_same(first, again, attempt=2 + number)
        ended_delivery(client, reply["batch_job_id"])

    client = start(running, database_url, SHARED_KEY=NEW)
    client.shared_key = OLD
    assert client.job("POST", "/api/v1/webhook-deliveries/{}/redeliver", delivery["id"])[0] == 403
    client.shared_key = NEW
    assert client.job("POST", "/api/v1/webhook-deliveries/{}/redeliver", delivery["id"])[0] == 202
    last = receiver.next()
    check(last, verify, document_key=NEW, keys=[NEW], others=[OLD])
    check_same(first, last, attempt=4)
    assert ended_delivery(client, reply["batch_job_id"])["attempt_count"] == 4
    assert receiver.deliveries.empty()


def start(running, database_url, **keys):
    """Stops the previous server and starts one with other keys; returns its client."""
    running.stop()
    settings = {name: value for name, value in json.loads(os.environ["SERVER_SETTINGS"]).items() if "SHARED_KEY" not in name}
    settings |= {"DATABASE_URL": database_url, "INSTANCE_ID": "rotation", "LOG_FILE": os.path.join(running.logs, "rotation.log"),
                 "METRICS_BIND": f"127.0.0.1:{stack.free_port()}", **keys}
    return Client(running.server(stack.free_port(), settings), keys["SHARED_KEY"])


def ended_delivery(client, job_id):
    """The job's only delivery, after it is booked as delivered, a moment after its arrival."""
    for _ in range(3000):
        code, _, reply = client.job("GET", "/api/v1/batch-jobs/{}/webhook-deliveries", job_id)
        assert code == 200 and len(reply["deliveries"]) == 1, (code, reply)
        if reply["deliveries"][0]["status"] == "delivered":
            return reply["deliveries"][0]
        time.sleep(0.02)
    raise AssertionError(f"the delivery was not booked: {reply}")


def check(delivery, verify, document_key, keys, others):
    headers, body = delivery
    text = body.decode()
    for key in {*keys, *others, document_key}:
        assert verify(text, headers["X-Signature"], key) == (key == document_key), f"the document's function with {key!r}"
    assert not verify(text + " ", headers["X-Signature"], document_key)
    assert len(headers["webhook-signature"].split(" ")) == len(keys), headers["webhook-signature"]
    for key in keys:
        assert webhook(key).verify(body, dict(headers.items())) == json.loads(body)
        refused(webhook(key), body + b" ", headers)
        refused(webhook(key), body, headers, **{"webhook-id": str(uuid.uuid4())})
        refused(webhook(key), body, headers, **{"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)})
    for key in others:
        refused(webhook(key), body, headers)


def webhook(key):
    """The library, configured as in a receiver."""
    return standardwebhooks.Webhook("whsec_" + base64.b64encode(key.encode()).decode())


def refused(verifier, body, headers, **changed):
    try:
        verifier.verify(body, {**dict(headers.items()), **changed})
    except standardwebhooks.WebhookVerificationError:
        return
    raise AssertionError(f"verified though it should not: {changed or body[-20:]}")


def check_same(first, again, attempt):
    assert again[1] == first[1], "different bytes"
    assert again[0]["webhook-id"] == first[0]["webhook-id"], "a different webhook-id"
    assert again[0]["X-Delivery-Attempt"] == str(attempt), again[0]["X-Delivery-Attempt"]


if __name__ == "__main__":
    main()
