#!/usr/bin/env python3
"""500 lots in three languages with missing images: each lot is described as predicted, and each webhook gets its own lots
(C2.4, C2.5, C6.1).

Environment: set by run.py.
"""
import json
import os
import urllib.request

import batch
from client import Client
from receiver import Receiver


def main():
    client, receiver = Client(os.environ["BASE_URL"], os.environ["SHARED_KEY"]), Receiver()
    webhooks = [receiver.url + "?to=first", receiver.url + "/second"]
    lots = batch.make(500, os.environ["IMAGES_URL"], webhooks)
    code, _, reply = client.generate(lots, batch.LANGUAGES)
    assert code == 201, (code, reply)
    ended = client.wait(reply["job_id"])
    assert ended["status"] == "completed" and ended["progress"]["failed_lots"] == 5, ended
    assert ended["usage"]["input_tokens"] > 0 and ended["usage"]["by_model"], ended
    code, _, results = client.results(reply["job_id"])
    assert code == 200, (code, results)
    batch.check_results(results, lots)
    check_deliveries(client, receiver, webhooks, lots)
    check_outside()
    print("batch_test: ok")


def check_deliveries(client, receiver, webhooks, lots):
    """One delivery per URL, in any order, each with exactly its own lots."""
    owners = {tuple(lot["lot_id"] for lot in lots if lot.get("webhook") == url): url for url in webhooks}
    by_id = {lot["lot_id"]: lot for lot in lots}
    for _ in webhooks:
        headers, body = receiver.next()
        assert headers["X-Signature"] == client.sign(body), headers
        payload = json.loads(body)
        said = tuple(each["lot_id"] for each in payload["lots"])
        assert owners.pop(said, None), f"a delivery with {len(said)} lots that belong to no webhook, or came twice"
        for each in payload["lots"]:
            batch.check_lot(each, by_id[each["lot_id"]])
    assert receiver.deliveries.empty()


def check_outside():
    """The simulated OpenAI got nothing twice."""
    with urllib.request.urlopen(os.environ["OPENAI_STATE_URL"], timeout=30) as reply:
        state = json.load(reply)
    assert state["double_submissions"] == [], state["double_submissions"]


if __name__ == "__main__":
    main()
