"""Checks that a webhook delivery comes from the service. Pure but for the clock.

A delivery is signed twice over the very bytes of its body (C6.4): in `X-Signature`, the document's way, and in the headers of Standard
Webhooks, which also cover its time and its id. The keys are shared keys as the service has them: one, or several while they are being changed.
"""
from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Callable, Iterator, Mapping, Optional, Sequence, Union, cast

from .errors import WebhookVerificationError
from .models import WebhookEvent
from .signing import sign

#: Older deliveries, and such from the future, count as replays.
TOLERANCE_SECONDS = 300.0

Keys = Union[str, Sequence[str]]
Body = Union[bytes, str]


def receive_webhook(
    body: Body, headers: Mapping[str, str], keys: Keys, *, tolerance_seconds: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> WebhookEvent:
    """The event of a delivery that `verify_webhook` lets through."""
    verify_webhook(body, headers, keys, tolerance_seconds=tolerance_seconds, clock=clock)
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookVerificationError("malformed", "the body is no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError("malformed", "the body is no JSON object")
    return cast(WebhookEvent, event)


def verify_webhook(
    body: Body, headers: Mapping[str, str], keys: Keys, *, tolerance_seconds: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> None:
    """Raises WebhookVerificationError unless the Standard Webhooks signature holds and the delivery is fresh.

    Within the tolerance the same delivery may come twice (C6.2: at least once), with the same `webhook-id`. X-Signature does not
    stand in for missing headers here: whoever replays an old delivery would only have to leave them out.
    """
    identifier, stamp, signatures = (_header(headers, "webhook-" + name) for name in ("id", "timestamp", "signature"))
    if not stamp.isascii() or not stamp.isdigit():
        raise WebhookVerificationError("malformed", f"webhook-timestamp is no number of seconds: {stamp!r:.40}")
    signed = f"{identifier}.{stamp}.".encode("utf-8") + _bytes(body)
    if not _any_holds(_signatures_of(signatures), [hmac.new(key, signed, hashlib.sha256).digest() for key in _keys(keys)]):
        raise WebhookVerificationError("mismatch", "no signature in webhook-signature holds")
    age = clock() - int(stamp)
    if abs(age) > tolerance_seconds:
        raise WebhookVerificationError("stale", f"the delivery is {age:.0f} s old")


def verify_document_signature(body: Body, signature: Optional[str], keys: Keys) -> bool:
    """Whether the document's X-Signature holds; hex digits in either case. It does not tell a replay."""
    if not signature or not signature.isascii():
        return False
    found = _each(keys)
    # All keys are tried, so that the time taken does not tell which one held.
    return sum([hmac.compare_digest(sign(key, _bytes(body)), signature.lower()) for key in found]) > 0


def verify_webhook_signature(payload_json: Body, received_signature: Optional[str], shared_key: str) -> bool:
    """The document's function by its name and arguments; it compares in constant time and takes bytes too."""
    return verify_document_signature(payload_json, received_signature, shared_key)


def _header(headers: Mapping[str, str], name: str) -> str:
    """Frameworks differ in the case of names; some keep it, some look up in any."""
    for key, value in headers.items():
        if key.lower() == name:
            return value
    raise WebhookVerificationError("missing", f"the header {name} is missing")


def _signatures_of(header: str) -> Iterator[bytes]:
    """The `v1` signatures of a list such as `v1,abc v1,def`; other versions are for other readers."""
    for each in header.split(" "):
        version, _, encoded = each.partition(",")
        if version == "v1":
            try:
                yield base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                continue


def _any_holds(found: Iterator[bytes], wanted: Sequence[bytes]) -> bool:
    return sum([hmac.compare_digest(one, other) for one in found for other in wanted]) > 0


def _each(keys: Keys) -> Sequence[str]:
    found = [keys] if isinstance(keys, str) else list(keys)
    if not found or not all(found):
        raise ValueError("no key to verify with, or an empty one")
    return found


def _keys(keys: Keys) -> Sequence[bytes]:
    return [key.encode("utf-8") for key in _each(keys)]


def _bytes(body: Body) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)
