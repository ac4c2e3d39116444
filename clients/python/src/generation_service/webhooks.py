"""Checks that a webhook delivery comes from the service. Pure except for the clock.

A delivery has two signatures over the exact bytes of its body (C6.4): `X-Signature`, as in the document, and the headers of Standard
Webhooks, which also cover its time and its id. The keys are the service's shared keys: one, or several during a rotation.
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

#: Older deliveries, and deliveries from the future, count as replays.
TOLERANCE_SECONDS = 300.0

Keys = Union[str, Sequence[str]]
Body = Union[bytes, str]


@dataclass(frozen=True)
class VerifiedWebhook:
    """A delivery that is from the service. The same `id` may arrive again (C6.2: at least once), so store the ids that you processed. Under
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
    """Returns the delivery, or raises WebhookVerificationError. `body` is the exact bytes received.

    `standard` checks the Standard Webhooks signature and refuses deliveries over the tolerance. `document` checks X-Signature, and cannot
    detect a replay; it is never a fallback, because an attacker could then replay an old delivery without the other headers.
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
    """True if the document's X-Signature matches; hex digits in either case. It does not detect a replay."""
    if not signature or not signature.isascii():
        return False
    wanted = ["sha256=" + hmac.new(key, _bytes(body), hashlib.sha256).hexdigest() for key in _key_bytes(keys)]
    # Tries all keys, so that the time taken does not reveal the matching one.
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
        raise WebhookVerificationError("mismatch", "no signature in webhook-signature matches")
    # After the signature check, so that a forger learns nothing about our clock.
    age = clock() - seconds
    if abs(age) > tolerance_seconds:
        raise WebhookVerificationError("stale", f"the delivery is {age:.0f} s old")


def _check_document(body: bytes, headers: Mapping[str, str], keys: Keys) -> None:
    if not verify_document_signature(body, _required(headers, "x-signature"), keys):
        raise WebhookVerificationError("mismatch", "X-Signature does not match")


def _payload(body: Body) -> WebhookEvent:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookVerificationError("malformed", "the body is no JSON") from error
    if not isinstance(event, dict):
        raise WebhookVerificationError("malformed", "the body is no JSON object")
    return cast(WebhookEvent, event)


def _found(headers: Mapping[str, str], name: str) -> Optional[str]:
    """Frameworks differ in the case of names: some keep it, some ignore it."""
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _required(headers: Mapping[str, str], name: str) -> str:
    value = _found(headers, name)
    if value is None:
        raise WebhookVerificationError("missing", f"the header {name} is missing")
    return value


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and len(text) <= 15 and text.isascii() and text.isdigit() else None


def _signatures_of(header: str) -> Iterator[bytes]:
    """The `v1` signatures of a list such as `v1,abc v1,def`; other versions are ignored."""
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
    """A shared key as it is; a key in the form of the Standard Webhooks libraries (`whsec_` and base64) also as they decode it."""
    given = [keys] if isinstance(keys, str) else list(keys)
    if not given or not all(given):
        raise ValueError("at least one key is needed, and none may be empty")
    found = [key.encode("utf-8") for key in given]
    for key in given:
        if key.startswith("whsec_"):
            with suppress(binascii.Error):
                found.append(base64.b64decode(key[6:], validate=True))
    return found


def _bytes(body: Body) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)
