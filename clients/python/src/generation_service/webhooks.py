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
from contextlib import suppress
from dataclasses import dataclass
from typing import Callable, Iterator, List, Mapping, Optional, Sequence, Union, cast

from .errors import WebhookVerificationError
from .models import WebhookEvent

#: Older deliveries, and such from the future, count as replays.
TOLERANCE_SECONDS = 300.0

Keys = Union[str, Sequence[str]]
Body = Union[bytes, str]


@dataclass(frozen=True)
class VerifiedWebhook:
    """A delivery that is from the service. The same `id` may come again (C6.2: at least once), so keep those you have worked on. Under
    the scheme `document` only `payload` was signed."""

    id: Optional[str]
    timestamp: Optional[int]
    attempt: Optional[int]
    job_id: Optional[str]
    payload: WebhookEvent


def verify_webhook(
    body: Body, headers: Mapping[str, str], keys: Keys, *, scheme: str = "standard", tolerance_seconds: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> VerifiedWebhook:
    """The delivery, or WebhookVerificationError. `body` is what was received, to the byte.

    `standard` checks the Standard Webhooks signature and refuses what is older than the tolerance. `document` checks X-Signature, and cannot
    tell a replay; it never stands in by itself, or who replays an old delivery would only have to leave the other headers out.
    """
    if scheme == "standard":
        _check_standard(_bytes(body), headers, keys, tolerance_seconds, clock)
    elif scheme == "document":
        _check_document(_bytes(body), headers, keys)
    else:
        raise ValueError(f"no such scheme: {scheme!r}")
    return VerifiedWebhook(
        id=_found(headers, "webhook-id"), timestamp=_number(_found(headers, "webhook-timestamp")),
        attempt=_number(_found(headers, "x-delivery-attempt")), job_id=_found(headers, "x-job-id"), payload=_payload(body))


def verify_document_signature(body: Body, signature: Optional[str], keys: Keys) -> bool:
    """Whether the document's X-Signature holds; hex digits in either case. It does not tell a replay."""
    if not signature or not signature.isascii():
        return False
    wanted = ["sha256=" + hmac.new(key, _bytes(body), hashlib.sha256).hexdigest() for key in _key_bytes(keys)]
    # All keys are tried, so that the time taken does not tell which one held.
    return sum([hmac.compare_digest(each, signature.lower()) for each in wanted]) > 0


def verify_webhook_signature(payload_json: Body, received_signature: Optional[str], shared_key: str) -> bool:
    """The document's function by its name and arguments; it compares in constant time and takes bytes too."""
    return verify_document_signature(payload_json, received_signature, shared_key)


def _check_standard(
    body: bytes, headers: Mapping[str, str], keys: Keys, tolerance_seconds: float, clock: Callable[[], float]
) -> None:
    identifier, stamp, signatures = (_required(headers, "webhook-" + name) for name in ("id", "timestamp", "signature"))
    seconds = _number(stamp)
    if seconds is None:
        raise WebhookVerificationError("malformed", f"webhook-timestamp is no number of seconds: {stamp!r:.40}")
    signed = f"{identifier}.{stamp}.".encode("utf-8") + body
    if not _any_holds(_signatures_of(signatures), [hmac.new(key, signed, hashlib.sha256).digest() for key in _key_bytes(keys)]):
        raise WebhookVerificationError("mismatch", "no signature in webhook-signature holds")
    # After the signature, so that a forger learns nothing about our clock.
    age = clock() - seconds
    if abs(age) > tolerance_seconds:
        raise WebhookVerificationError("stale", f"the delivery is {age:.0f} s old")


def _check_document(body: bytes, headers: Mapping[str, str], keys: Keys) -> None:
    if not verify_document_signature(body, _required(headers, "x-signature"), keys):
        raise WebhookVerificationError("mismatch", "X-Signature does not hold")


def _payload(body: Body) -> WebhookEvent:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookVerificationError("malformed", "the body is no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError("malformed", "the body is no JSON object")
    return cast(WebhookEvent, event)


def _found(headers: Mapping[str, str], name: str) -> Optional[str]:
    """Frameworks differ in the case of names; some keep it, some look up in any."""
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _required(headers: Mapping[str, str], name: str) -> str:
    value = _found(headers, name)
    if value is None:
        raise WebhookVerificationError("missing", f"the header {name} is missing")
    return value


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and len(text) <= 15 and text.isascii() and text.isdigit() else None


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


def _key_bytes(keys: Keys) -> List[bytes]:
    """A shared key as it is; one that is written as Standard Webhooks' libraries want it (`whsec_` and base64) also as they read it."""
    given = [keys] if isinstance(keys, str) else list(keys)
    if not given or not all(given):
        raise ValueError("no key to verify with, or an empty one")
    found = [key.encode("utf-8") for key in given]
    for key in given:
        if key.startswith("whsec_"):
            with suppress(binascii.Error):
                found.append(base64.b64decode(key[6:], validate=True))
    return found


def _bytes(body: Body) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)
