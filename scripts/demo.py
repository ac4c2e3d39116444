#!/usr/bin/env python3
"""Demonstrates the service: one car in synchronous mode, a hundred as a batch. `make run` runs it; it also runs alone.

Written from docs/generation-service-api-v2.md alone. Standard library only.
"""
import argparse
import base64
import hashlib
import hmac
import html
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

LANGUAGES = ["en", "ru", "de"]
CARS = ["2021 BMW X5, front collision damage, airbags deployed", "2019 Mercedes C-Class, minor rear damage",
        "2020 Audi A4, hail damage assessment", "2018 Toyota Camry, side impact", "2022 Ford F-150, scratched tailgate"]


class DemoError(Exception):
    """The service broke a promise of the document."""


class Service:
    """The calls of the demonstration, signed as the document says."""

    def __init__(self, base_url, shared_key):
        self.base_url, self.shared_key = base_url, shared_key

    def sign(self, text):
        message = text if isinstance(text, bytes) else text.encode()
        return "sha256=" + hmac.new(self.shared_key.encode(), message, hashlib.sha256).hexdigest()

    def generate(self, lots, languages):
        signed = json.dumps(lots, separators=(",", ":"), sort_keys=True)
        body = {"signature": self.sign(signed), "version": "1.0.0", "languages": languages, "lots": lots}
        return self.call("/api/v1/generate-descriptions", {"Content-Type": "application/json"}, json.dumps(body).encode())

    def of_job(self, path, job_id):
        return self.call(path + job_id, {"X-Signature": self.sign(job_id)})

    def call(self, path, headers, body=None):
        request = urllib.request.Request(self.base_url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise DemoError(f"{path}: {error.code} {error.read().decode(errors='replace')}") from None
        except OSError as error:
            raise DemoError(f"{path}: {error}") from None


def car(number, images_url, webhook=None):
    lot = {
        "lot_id": f"car-{number:03}", "additional_info": CARS[number % len(CARS)],
        "images": [{"url": f"{images_url}/car-{number:03}-{view}.jpg"} for view in ("front", "side", "rear")],
    }
    return {**lot, "webhook": webhook} if webhook else lot


def show(service, images_url, webhook, count=100):
    show_one(service, images_url)
    job_id = show_batch(service, images_url, webhook, count)
    show_delivery(service, webhook, job_id)


def show_one(service, images_url):
    print("\n=== One car, synchronously ===", flush=True)
    begun = time.monotonic()
    lot = service.generate([car(0, images_url)], LANGUAGES)["lots"][0]
    print(f"{lot['lot_id']}: {lot['processed_images']} images, {time.monotonic() - begun:.1f} s")
    print_descriptions(lot)


def show_batch(service, images_url, webhook, count):
    print(f"\n=== {count} cars as a batch ===", flush=True)
    begun = time.monotonic()
    created = service.generate([car(number, images_url, webhook) for number in range(1, count + 1)], LANGUAGES)
    job_id = created["job_id"]
    print(f"job {job_id}, languages {', '.join(created['languages'])}", flush=True)
    line = Line()
    while True:
        status = service.of_job("/api/v1/batch-status/", job_id)
        line.show(progress(status, time.monotonic() - begun))
        if status["status"] in ("completed", "failed", "cancelled"):
            break
        time.sleep(0.5)
    line.end()
    if status["status"] != "completed":
        raise DemoError(f"the job ended as {status['status']}: {status['error_message']}")
    lots = service.of_job("/api/v1/batch-results/", job_id)["results"]["lots"]
    for lot in lots[:3]:
        print(f"\n{lot['lot_id']}: {lot['status']}, {lot['processed_images']} images")
        print_descriptions(lot)
    described = sum(1 for lot in lots if lot["status"] == "completed")
    texts = sum(len(lot.get("descriptions", [])) for lot in lots)
    print(f"\n… {described} of {len(lots)} cars described, {texts} descriptions in total.")
    return job_id


def progress(status, seconds):
    counts, stage = status["progress"], status["processing_details"]["current_stage"]
    part = int(counts["completion_percentage"] / 5)
    bar = "#" * part + "." * (20 - part)
    return (f"[{bar}] {counts['processed_lots']:>3}/{counts['total_lots']} {counts['completion_percentage']:5.1f} %  "
            f"{status['status']}, {stage}, {seconds:.0f} s")


class Line:
    """A status line: overwritten on a terminal, elsewhere printed once per change."""

    def __init__(self):
        self.last = None

    def show(self, text):
        if sys.stdout.isatty():
            print("\r" + text.ljust(78), end="", flush=True)
        elif (said := text.rsplit(",", 1)[0]) != self.last:
            print(text, flush=True)
            self.last = said

    def end(self):
        if sys.stdout.isatty():
            print()


def print_descriptions(lot):
    for each in lot.get("descriptions", []):
        text = html.unescape(re.sub(r"<[^>]+>", " ", each["damages"]))
        print(f"  {each['language']}  {' '.join(text.split())}")


def show_delivery(service, webhook, job_id, seconds=30):
    """Reads the deliveries of the receiver (`loadtest webhooks`) and checks the signature as the document's receiver does."""
    print("\n=== The webhook ===", flush=True)
    receiver = urllib.parse.urlsplit(webhook)
    listing = f"{receiver.scheme}://{receiver.netloc}/_sim/deliveries?path={receiver.path}"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with urllib.request.urlopen(listing, timeout=30) as reply:
            deliveries = json.load(reply)["deliveries"]
        for delivery in deliveries:
            headers = {name.lower(): value for name, value in delivery["headers"]}
            if headers.get("x-job-id") == job_id:
                return print_delivery(service, webhook, delivery, headers)
        time.sleep(0.2)
    raise DemoError(f"no delivery to {webhook} within {seconds} s")


def print_delivery(service, webhook, delivery, headers):
    body = base64.b64decode(delivery["body_base64"])
    print(f"POST {webhook}   attempt {headers.get('x-delivery-attempt')}, {delivery['body_bytes']} bytes")
    # The receiver keeps only the beginning of a large body; then the signature cannot be checked.
    if len(body) == delivery["body_bytes"]:
        payload = json.loads(body)
        print(f"{payload['event']}, {len(payload['lots'])} lots")
        if not hmac.compare_digest(service.sign(body), headers.get("x-signature", "")):
            raise DemoError("the delivery's X-Signature does not match")
        print("X-Signature matches its bytes.")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-url", default="http://127.0.0.1:5000")
    parser.add_argument("--key-file", default=os.path.join(here, "..", ".dev", "shared-key"))
    parser.add_argument("--images-url", required=True, help="base URL; every .jpg below it is a picture")
    parser.add_argument("--webhook", required=True, help="URL for the job's webhook: a path of `loadtest webhooks`")
    parser.add_argument("--lots", type=int, default=100)
    chosen = parser.parse_args()
    try:
        with open(chosen.key_file, encoding="ascii") as file:
            key = file.read().strip()
        show(Service(chosen.base_url, key), chosen.images_url, chosen.webhook, chosen.lots)
    except (DemoError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
