"""One request on the wire: signs it, sends it with requests, checks its reply. Retries are in retry.py."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Callable, Dict, Iterator, Mapping, Optional, TypeVar, Union
from urllib.parse import quote, urlsplit

import requests
import urllib3

from . import errors
from .retry import Retries
from .signing import sign

T = TypeVar("T")

CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS = 30.0
READ_SECONDS = 60.0
#: The service ends a synchronous request within 300 s, and the client waits longer than that.
GENERATE_READ_SECONDS = 310.0
#: An error's text is short; a longer one is not the service's.
ERROR_TEXT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Call:
    """A request. `path` is below the base URL; `signature` is None if the signature covers the request target (C1.5)."""

    method: str
    path: str
    signature: Optional[str] = None
    parameters: Mapping[str, Union[str, int]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Union[None, bytes, BinaryIO] = None
    read_seconds: float = READ_SECONDS


class Transport:
    """Sends calls below one base URL with one key. One thread at a time, as for a requests.Session."""

    def __init__(self, base_url: str, shared_key: str, session: requests.Session, retries: Retries) -> None:
        self.base_url = checked(base_url)
        self.shared_key = shared_key
        self.session = session
        self.retries = retries

    def json(self, call: Call, *accepted: int) -> Any:
        """The reply's JSON object."""
        return self.reading(call, lambda response: parsed(b"".join(chunks(response))), *accepted)

    def reading(self, call: Call, read: Callable[[requests.Response], T], *accepted: int) -> T:
        """The result of `read` on the reply. If the connection breaks meanwhile, the request is repeated and `read` called again."""

        def attempt(seconds_left: float) -> T:
            with self.send(call, seconds_left, *accepted) as response:
                return read(response)

        return self.retries.run(call.method, attempt)

    def opened(self, call: Call, *accepted: int) -> requests.Response:
        """A reply with only its head read; the caller closes it."""
        return self.retries.run(call.method, lambda seconds_left: self.send(call, seconds_left, *accepted))

    def send(self, call: Call, seconds_left: float, *accepted: int) -> requests.Response:
        """One attempt; every status except the accepted ones is an error."""
        response = self._exchange(call, max(1.0, seconds_left))
        if response.status_code in accepted:
            return response
        with response:
            raise errors.of_reply(response.status_code, error_text(response), response.headers)

    def _exchange(self, call: Call, seconds_left: float) -> requests.Response:
        timeout = (min(CONNECT_SECONDS, seconds_left), min(call.read_seconds, seconds_left))
        try:
            prepared = self._prepare(call)
            settings = self.session.merge_environment_settings(prepared.url, {}, True, None, None)
            return self.session.send(prepared, timeout=timeout, allow_redirects=False, **settings)
        except requests.exceptions.SSLError as error:
            raise errors.TransportError(f"{call.method} {call.path}: {error}", error, is_final=True) from error
        except requests.Timeout as error:
            raise errors.RequestTimeoutError(f"{call.method} {call.path}: {error}", error) from error
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise errors.TransportError(f"{call.method} {call.path}: {error}", error) from error

    def _prepare(self, call: Call) -> requests.PreparedRequest:
        """Signs last, over the target that requests is about to send."""
        if call.body is not None and not isinstance(call.body, bytes):
            call.body.seek(0)
        prepared = self.session.prepare_request(
            requests.Request(
                call.method, self.base_url + call.path, params=dict(call.parameters), headers=dict(call.headers), data=call.body))
        prepared.headers["X-Signature"] = call.signature or sign(self.shared_key, self._target(prepared))
        return prepared

    def _target(self, prepared: requests.PreparedRequest) -> str:
        """The target as the service sees it: a path of the base URL is for a proxy, which removes it."""
        return prepared.path_url[len(urlsplit(self.base_url).path):]


def checked(base_url: str) -> str:
    """A scheme, a host and possibly a path, which is for a proxy; nothing else, because the client appends the rest."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise errors.InputError(f"no base URL such as https://host: {parts.scheme}://{parts.hostname or ''}")
    return base_url.rstrip("/")


def job_segment(identifier: str) -> str:
    """An id as in a path, which is also the signed text."""
    if identifier in ("", ".", ".."):
        raise errors.InputError(f"{identifier!r} is no id")
    return quote(identifier, safe="")


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives; a body that ends too early is an error (older urllib3 does not detect it)."""
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise errors.TransportError(f"the reply was cut off: {error}", error) from error
    promised = response.headers.get("Content-Length")
    if promised is not None and promised.isdigit() and response.raw.tell() < int(promised):
        raise errors.TransportError(f"the reply was cut off after {response.raw.tell()} of {promised} bytes")


def parsed(body: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise errors.InvalidReplyError(f"the reply is no JSON: {body[:100]!r}") from error
    if not isinstance(value, dict):
        raise errors.InvalidReplyError(f"the reply is no JSON object: {body[:100]!r}")
    return value


def error_text(response: requests.Response) -> str:
    """The body of an error; if the connection breaks, the part that arrived: the status is already known."""
    text = b""
    try:
        for chunk in response.iter_content(CHUNK_BYTES):
            text += chunk
            if len(text) > ERROR_TEXT_BYTES:
                break
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        pass
    return text.decode("utf-8", "replace")
