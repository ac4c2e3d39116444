#!/usr/bin/env python3
"""Invalid input gets the contract's errors, in their one form, and leaves nothing behind.

Environment: set by run.py; DATABASE_URL to check that no row was written; OPTIMISED if the program is optimised: then
200 MB are inflated, too.
"""
import gzip
import json
import os
import uuid

from client import Client
from document_shapes_test import psql

IMAGE = "https://example.com/a.jpg"
JSON = {"Content-Type": "application/json"}
GENERATE = "/api/v1/generate-descriptions"


def lot(**members):
    return {"lot_id": "a", "images": [{"url": IMAGE}], **members}


def pair(**members):
    """Two lots, so that the request is no synchronous one; the second is the invalid one."""
    return [lot(lot_id="good"), lot(**members)]


def images(url):
    return [{"url": url}]


# Lots (and other members) with the expected answers. All requests have valid signatures.
REQUESTS = [
    ("no lots", [], {}, 400, "INVALID_FIELD"),
    ("lots is an object", {"lot_id": "a"}, {}, 400, "INVALID_FIELD"),
    ("a lot is a number", [1, 2], {}, 400, "INVALID_FIELD"),
    ("no lot_id", [{"images": images(IMAGE)}, lot()], {}, 400, "MISSING_FIELD"),
    ("lot_id is a number", pair(lot_id=7), {}, 400, "INVALID_FIELD"),
    ("lot_id is empty", pair(lot_id=""), {}, 400, "INVALID_FIELD"),
    ("lot_id is too long", pair(lot_id="x" * 256), {}, 400, "INVALID_FIELD"),
    ("lot_id with NUL", pair(lot_id="a\0b"), {}, 400, "INVALID_FIELD"),
    ("lone surrogate", pair(additional_info="\ud800"), {}, 400, "INVALID_FIELD"),
    ("no images", [{"lot_id": "a"}, lot(lot_id="b")], {}, 400, "MISSING_FIELD"),
    ("images is empty", pair(images=[]), {}, 400, "INVALID_FIELD"),
    ("an image without url", pair(images=[{}]), {}, 400, "MISSING_FIELD"),
    ("an image's url is null", pair(images=[{"url": None}]), {}, 400, None),
    ("additional_info is a list", pair(additional_info=[]), {}, 400, "INVALID_FIELD"),
    ("languages is empty", pair(), {"languages": []}, 400, "INVALID_FIELD"),
    ("languages repeat", pair(), {"languages": ["en", "EN"]}, 400, "INVALID_FIELD"),
    ("eleven languages", pair(), {"languages": "en ru de fr es it pl uk cs sk sl".split()}, 400, "TOO_MANY_LANGUAGES"),
    ("no such language", pair(), {"languages": ["en", "xx"]}, 422, "UNSUPPORTED_LANGUAGE"),
    ("another version", pair(), {"version": "2.0.0"}, 422, "UNSUPPORTED_VERSION"),
    ("version is a number", pair(), {"version": 1}, 400, "INVALID_FIELD"),
    ("a lot_id twice", [lot(), lot()], {}, 409, "DUPLICATE_LOT_ID"),
    ("21 images at once", [lot(images=images(IMAGE) * 21)], {}, 400, "TOO_MANY_IMAGES"),
    ("ftp", pair(images=images("ftp://example.com/car.jpg")), {}, 422, "INVALID_IMAGE_URLS"),
    ("credentials", pair(images=images("http://user:secret@example.com/car.jpg")), {}, 422, "INVALID_IMAGE_URLS"),
    ("metadata service", pair(images=images("http://169.254.169.254/latest")), {}, 422, "INVALID_IMAGE_URLS"),
    ("private address as a number", pair(images=images("http://0x0a000001/")), {}, 422, "INVALID_IMAGE_URLS"),
    ("private webhook", pair(webhook="http://10.0.0.1/hook"), {}, 422, "INVALID_WEBHOOK_URL"),
    ("webhook without scheme", pair(webhook="example.com/hook"), {}, 422, "INVALID_WEBHOOK_URL"),
    ("deep nesting", pair(more=json.loads("[" * 70 + "]" * 70)), {}, 400, "INVALID_JSON"),
    ("a lot over 1 MB", pair(additional_info="x" * 1_100_000), {}, 413, "LOT_TOO_LARGE"),
]

# Raw bodies that fail before the signature check.
BODIES = [
    ("nothing", b"", 400, "INVALID_JSON"),
    ("no JSON", b"{", 400, "INVALID_JSON"),
    ("no object", b"[]", 400, "INVALID_JSON"),
    ("no lots", b'{"signature":"sha256=0"}', 400, "MISSING_FIELD"),
    ("rest", b'{"lots":[]} x', 400, "INVALID_JSON"),
    ("NaN", b'{"lots":[{"a":NaN}]}', 400, "INVALID_JSON"),
    ("not UTF-8", b'{"lots":["\xff"]}', 400, "INVALID_JSON"),
    ("byte order mark", b'\xef\xbb\xbf{"lots":[]}', 400, "INVALID_JSON"),
    ("no signature", json.dumps({"lots": pair()}).encode(), 401, "MISSING_SIGNATURE"),
    ("no signature, bad lots", json.dumps({"lots": pair(lot_id=7)}).encode(), 401, "MISSING_SIGNATURE"),
    ("malformed signature", json.dumps({"lots": pair(), "signature": "md5=1"}).encode(), 403, "INVALID_SIGNATURE"),
    ("wrong signature", json.dumps({"lots": pair(), "signature": "sha256=" + "0" * 64}).encode(), 403, "INVALID_SIGNATURE"),
]


def expect(what, answer, status, code):
    found, headers, content = answer
    reply = json.loads(content) if isinstance(content, bytes) else content
    assert found == status and reply["code"] == (code or reply["code"]), f"{what}: {found} {reply}"
    assert {"error", "message", "code", "request_id"} <= set(reply) <= {
        "error", "message", "code", "request_id", "details", "retry_after"}, f"{what}: {reply}"
    assert headers["Content-Type"].startswith("application/json") and headers["X-Request-ID"] == reply["request_id"], what
    return headers, reply


def main():
    client = Client(os.environ["BASE_URL"], os.environ["SHARED_KEY"])
    for what, lots, members, status, code in REQUESTS:
        more = dict(members)
        expect(what, client.generate(lots, more.pop("languages", ["en"]), **more), status, code)
    for what, body, status, code in BODIES:
        expect(what, client.send("POST", GENERATE, body, JSON), status, code)
    others(client)
    if os.environ.get("DATABASE_URL"):
        for table in ("batch_jobs", "batch_lots", "lot_results", "webhook_deliveries"):
            assert psql(f"SELECT count(*) FROM {table}") == [["0"]], f"rows were left in {table}"
    print(f"bad_input_test: ok ({len(REQUESTS) + len(BODIES)} requests)")


def others(client):
    """All errors outside the body of a generation request."""
    unknown = str(uuid.uuid4())
    signed = {"X-Signature": client.sign(unknown)}
    expect("not JSON", client.send("POST", GENERATE, b"a=b", {"Content-Type": "text/plain"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    expect("unknown path", client.send("GET", "/api/v1/nothing"), 404, "NOT_FOUND")
    headers, _ = expect("wrong method", client.send("GET", GENERATE), 405, "METHOD_NOT_ALLOWED")
    assert headers["Allow"] == "POST", headers
    for path in ("batch-status/{}", "batch-results/{}", "batch-results/{}/download"):
        target = "/api/v1/" + path
        expect(path, client.send("GET", target.format(unknown)), 401, "MISSING_SIGNATURE")
        expect(path, client.send("GET", target.format(unknown), None, {"X-Signature": client.sign("x")}), 403, "INVALID_SIGNATURE")
        expect(path, client.send("GET", target.format(unknown), None, signed), 404, "JOB_NOT_FOUND")
        expect(path, client.job("GET", target, "nonsense"), 404, "JOB_NOT_FOUND")
    expect("cancel", client.job("POST", "/api/v1/batch-jobs/{}/cancel", unknown), 404, "JOB_NOT_FOUND")
    for query in ("limit=0", "limit=101", "limit=x", "offset=-1", "status=done", "created_after=yesterday"):
        _, reply = expect(query, client.jobs("?" + query), 400, "INVALID_PARAMETER")
        assert query.split("=")[0] in json.dumps(reply), reply
    # The length of 201 MB is refused before a byte is sent.
    huge = client.send("POST", GENERATE, b"", {**JSON, "Content-Length": str(201 * 1024 * 1024)})
    expect("huge body", huge, 413, "BODY_TOO_LARGE")
    if os.environ.get("OPTIMISED"):
        bomb = gzip.compress(b" " * (201 * 1024 * 1024), 1)
        answer = client.send("POST", GENERATE, bomb, {**JSON, "Content-Encoding": "gzip"})
        _, reply = expect("C3: the limit counts inflated bytes", answer, 413, "BODY_TOO_LARGE")
        assert len(bomb) < 2_000_000 and reply["details"]["max_bytes"] == 200 * 1024 * 1024, reply


if __name__ == "__main__":
    main()
