#!/usr/bin/env python3
"""The server is killed (SIGKILL) repeatedly in the middle of a batch: after restarts the batch completes as without
kills, and the simulated OpenAI got no batch twice (C5.1); progress never decreases (C5.2).

Environment: set by run.py; SERVER_PID and SERVER_SETTINGS to kill the server and to start it again.
"""
import json
import os
import random
import signal
import sys
import tempfile
import time
import urllib.parse

import batch
from batch_test import check_outside
from client import Client
from receiver import Receiver

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
import stack  # noqa: E402

KILLS = 6


def main():
    client, receiver = Client(os.environ["BASE_URL"], os.environ["SHARED_KEY"]), Receiver()
    seed = int(os.environ.get("SEED") or random.randrange(10_000))
    chance = random.Random(seed)
    print(f"SEED={seed}")
    lots = batch.make(500, os.environ["IMAGES_URL"], [receiver.url])
    with tempfile.TemporaryDirectory() as logs:
        running = stack.Stack(os.environ["BINARIES"], logs)
        try:
            survive(client, receiver, running, lots, chance)
        except BaseException:
            print("".join(child.last_lines(60) for child in running.children))
            raise
        finally:
            running.stop()
            receiver.close()
    print("kill_test: ok")


def survive(client, receiver, running, lots, chance):
    code, _, reply = client.generate(lots, batch.LANGUAGES)
    assert code == 201, (code, reply)
    job_id, pid, processed = reply["job_id"], int(os.environ["SERVER_PID"]), 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 1.0))
        os.kill(pid, signal.SIGKILL)
        pid = restart(running)
        status = client.status(job_id)[2]
        assert status["progress"]["processed_lots"] >= processed, "progress decreased over a restart"
        processed = status["progress"]["processed_lots"]
    ended = client.wait(job_id, seconds=150)
    assert ended["status"] == "completed", ended
    batch.check_results(client.results(job_id)[2], lots)
    headers, body = receiver.next()
    assert headers["X-Signature"] == client.sign(body) and json.loads(body)["job_id"] == job_id, headers
    check_outside()


def restart(running):
    settings = json.loads(os.environ["SERVER_SETTINGS"])
    for child in running.children:
        child.process.wait(60)
    running.children = []
    running.server(urllib.parse.urlsplit(os.environ["BASE_URL"]).port, settings)
    return running.children[-1].pid


if __name__ == "__main__":
    main()
