"""Signatures of requests: `sha256=` and the hex HMAC-SHA256 of a text with the shared key. Pure."""
from __future__ import annotations

import hashlib
import hmac
from typing import Union


def sign(shared_key: str, message: Union[str, bytes]) -> str:
    """The value of X-Signature: of a body's raw bytes, a job id, or a request target."""
    return Signer(shared_key).update(message).signature()


class Signer:
    """A signature over text in pieces."""

    def __init__(self, shared_key: str) -> None:
        self._hmac = hmac.new(shared_key.encode("utf-8"), digestmod=hashlib.sha256)

    def update(self, piece: Union[str, bytes]) -> Signer:
        self._hmac.update(piece if isinstance(piece, bytes) else piece.encode("utf-8"))
        return self

    def signature(self) -> str:
        return "sha256=" + self._hmac.hexdigest()
