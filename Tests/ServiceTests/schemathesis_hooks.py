"""Adapts schemathesis to this service: signs requests, and keeps every download on this machine.

Environment: SHARED_KEY; SIGN=no leaves the signatures to schemathesis, which generates invalid ones; IMAGES_URL and WEBHOOK_URL, which
replace every http(s) URL of a request; TALLY, a file that gets one line per reply: operation, status, code.
"""
import hashlib
import hmac
import itertools
import json
import os
import re

import requests
import schemathesis

KEY = os.environ["SHARED_KEY"].encode()


class Signed(requests.auth.AuthBase):
    """Signs the exact bytes that are about to be sent."""

    def __call__(self, request):
        request.headers["X-Signature"] = "sha256=" + hmac.new(KEY, signed_text(request), hashlib.sha256).hexdigest()
        return request


def signed_text(request):
    path = request.path_url.split("?")[0]
    if path == "/api/v1/batch-jobs":
        return request.path_url.encode()
    if path != "/api/v1/generate-descriptions":
        return path.split("/")[4].encode()
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    return canonical(body) if len(body) % 2 else body


def canonical(body):
    """Signs as in the document, if the body allows it."""
    try:
        return json.dumps(json.loads(body)["lots"], separators=(",", ":"), sort_keys=True).encode()
    except (ValueError, TypeError, KeyError):
        return body


if os.environ.get("SIGN") != "no":
    schemathesis.auth.set_from_requests(Signed()).apply_to(path_regex="^/api/")


# The key of the document's example would occur in hundreds of requests, and most of them would then be
# rejected early. This makes it differ between pairs: of two requests in a row the second still has the first
# one's key.
EXAMPLE_KEY = "7f6d7a0e-1f9d-4b0c-8f38-9d3a2b1c0d4e"
calls = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.headers and case.headers.get("Idempotency-Key") == EXAMPLE_KEY:
        case.headers["Idempotency-Key"] = f"example-{next(calls) // 2}"
    for lot in members(case.body, "lots"):
        if isinstance(lot, dict):
            replace(lot, "webhook", os.environ["WEBHOOK_URL"])
            for image in members(lot, "images"):
                if isinstance(image, dict):
                    replace(image, "url", os.environ["IMAGES_URL"] + "/any.jpg")


def members(value, name):
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def replace(value, name, url):
    """Leaves other texts than URLs unchanged."""
    if isinstance(value.get(name), str) and re.match("https?:", value[name], re.IGNORECASE):
        value[name] = url


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """The maximum number of images depends on the mode, and so on a header: a schema cannot express that."""
    return not (response.status_code == 400 and b'"TOO_MANY_IMAGES"' in response.content)


@schemathesis.hook
def after_call(context, case, response):
    try:
        code = response.json().get("code")
    except (ValueError, AttributeError):
        code = None
    with open(os.environ["TALLY"], "a", encoding="utf-8") as file:
        file.write(f"{case.operation.label}\t{response.status_code}\t{code or '-'}\n")
