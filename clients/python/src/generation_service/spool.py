"""A batch's body: written to a temporary file lot by lot and signed meanwhile, so that a batch of any size needs little memory and
can be sent again."""
from __future__ import annotations

import json
import tempfile
from types import TracebackType
from typing import Any, BinaryIO, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Type, cast

from .errors import BatchTooLargeError, InputError
from .jsonstream import JSONReader
from .signing import Signer

#: The service's limit; it refuses more with 413 BODY_TOO_LARGE.
BODY_LIMIT_BYTES = 200 * 1024 * 1024
VERSION = "1.0.0"

_READ_BYTES = 64 * 1024


def encoded(value: Any) -> bytes:
    """JSON in UTF-8. A lone surrogate is escaped, so that the service can name its field."""
    compact = (",", ":")
    try:
        text = json.dumps(value, separators=compact, ensure_ascii=False, allow_nan=False)
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError:
            return json.dumps(value, separators=compact, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise InputError(f"the value is no JSON: {error}") from error


def language_list(languages: Sequence[str]) -> List[str]:
    if isinstance(languages, str):
        raise InputError(f"languages must be a list of codes, not {languages!r}")
    return list(languages)


class SpooledBody:
    """The whole request body in `file`, `size` bytes, and its `signature` (C1.3: over the raw bytes)."""

    def __init__(
        self, shared_key: str, lots: Iterable[Mapping[str, Any]], languages: Callable[[], Sequence[str]],
        folder: Optional[str] = None,
    ) -> None:
        """`languages` is called after the last lot: a file may name them after its lots."""
        self.file: BinaryIO = cast(BinaryIO, tempfile.TemporaryFile(dir=folder))
        self.size = 0
        self.count = 0
        self._signer = Signer(shared_key)
        try:
            self._write(b'{"lots":[')
            for lot in lots:
                self._write((b"," if self.count else b"") + encoded(lot))
                self.count += 1
            ending = {"languages": language_list(languages()), "version": VERSION}
            self._write(b"]," + encoded(ending)[1:])
            self.file.flush()
        except BaseException:
            self.file.close()
            raise
        if not self.count:
            self.file.close()
            raise InputError("a batch without lots")
        self.signature = self._signer.signature()

    def _write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > BODY_LIMIT_BYTES:
            raise BatchTooLargeError(f"the body is over {BODY_LIMIT_BYTES} bytes at lot {self.count + 1}: send several batches")
        self._signer.update(piece)
        self.file.write(piece)

    def __enter__(self) -> SpooledBody:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.file.close()


class LotsFile:
    """The lots of a file, one after the other: one lot per line (NDJSON), an array of lots, or a request body of the API, whose
    `languages` are then in `languages`."""

    def __init__(self, source: BinaryIO) -> None:
        self.languages: Optional[List[str]] = None
        self._reader = JSONReader(iter(lambda: source.read(_READ_BYTES), b""))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        try:
            yield from self._lots()
        except ValueError as error:
            raise InputError(f"the file of lots cannot be read: {error}") from error

    def _lots(self) -> Iterator[Mapping[str, Any]]:
        reader = self._reader
        if reader.peek() == "[":
            for _ in reader.elements():
                yield reader.value()
            if reader.peek():
                raise ValueError("there is text after the array of lots")
            return
        if reader.peek() == "{":
            yield from self._first()
        while reader.peek():
            yield reader.value()

    def _first(self) -> Iterator[Mapping[str, Any]]:
        """The first object: a lot, or a body with `lots` in it."""
        is_body = False
        members: Dict[str, Any] = {}
        for name in self._reader.members():
            if name == "lots" and self._reader.peek() == "[":
                is_body = True
                for _ in self._reader.elements():
                    yield self._reader.value()
            else:
                members[name] = self._reader.value()
        if not is_body:
            yield members
        elif "languages" in members:
            self.languages = members["languages"]

