"""Reads one JSON text piece by piece as it arrives: memory for one element, for any size of the whole."""
from __future__ import annotations

import codecs
import json
from typing import Any, Iterable, Iterator, Optional, Tuple

# No element is near this size; it bounds the memory for invalid text without an end.
ELEMENT_LIMIT = 16 * 1024 * 1024

_SPACE = " \t\n\r"
_DELIMITERS = tuple(_SPACE + ",]}")
_decoder = json.JSONDecoder()


class JSONCutOffError(ValueError):
    """The text ends before its value does."""


class JSONReader:
    """A position in a text. A method that reads a value stops after it; `members` and `elements` yield between the values, and the
    caller reads each value before the next one."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._has_ended = False

    def peek(self) -> str:
        """The next character other than white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def value(self) -> Any:
        """The next value as a Python object."""
        self.peek()
        while True:
            found = self._decode()
            if found is not None:
                return found[0]
            length = len(self._text) - self._at
            if length > ELEMENT_LIMIT:
                raise ValueError(f"a JSON value over {ELEMENT_LIMIT} characters")
            # Doubles the text before the next attempt, so that the cost of a large value is linear instead of
            # quadratic.
            self._more(length)

    def members(self) -> Iterator[str]:
        """The names of an object's members."""
        self.take("{")
        goes_on = self.peek() != "}"
        while goes_on:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError(f"expected a member's name, not {name!r:.40}")
            self.take(":")
            yield name
            goes_on = self._comma()
        self.take("}")

    def elements(self) -> Iterator[None]:
        """Yields once per element of an array."""
        self.take("[")
        goes_on = self.peek() != "]"
        while goes_on:
            yield None
            goes_on = self._comma()
        self.take("]")

    def _comma(self) -> bool:
        if self.peek() != ",":
            return False
        self._at += 1
        return True

    def take(self, character: str) -> None:
        found = self.peek()
        if found == "":
            raise JSONCutOffError(f"the text ends before {character!r}")
        if found != character:
            raise ValueError(f"expected {character!r}, not {found!r}")
        self._at += 1

    def _decode(self) -> Optional[Tuple[Any]]:
        """The value at the position; None if it is incomplete."""
        try:
            value, end = _decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if not self._has_ended:
                return None
            # Python reports an unclosed string at its beginning.
            if error.pos >= len(self._text) or error.msg.startswith("Unterminated string"):
                raise JSONCutOffError("the text ends within a value") from error
            raise
        # A number may continue: in the next piece, or after the parsed part (`1.` of `1.5`).
        is_closed = self._text[end - 1] in "}]\"" or self._text[end:end + 1] in _DELIMITERS
        if not is_closed and not self._has_ended:
            return None
        self._at = end
        return (value,)

    def _more(self, wanted: int = 1) -> bool:
        """Appends pieces up to this many characters, and drops the part already read. False at the end."""
        pieces, count = [self._text[self._at:]], 0
        while count < wanted and not self._has_ended:
            chunk = next(self._chunks, None)
            self._has_ended = chunk is None
            piece = self._utf8.decode(chunk or b"", final=self._has_ended)
            pieces.append(piece)
            count += len(piece)
        self._text, self._at = "".join(pieces), 0
        return count > 0
