"""Reads one JSON text piece by piece as it arrives: memory for one element at a time, whatever the size of the whole."""
from __future__ import annotations

import codecs
import json
from typing import Any, Iterable, Iterator, Optional, Tuple

# No element comes near this; it bounds what garbage without an end can take.
ELEMENT_LIMIT = 16 * 1024 * 1024

_SPACE = " \t\n\r"
_DELIMITERS = tuple(_SPACE + ",]}")
_decoder = json.JSONDecoder()


class JSONCutOffError(ValueError):
    """The text ends before its value does."""


class JSONReader:
    """A position in a text. What reads a value stops behind it; `members` and `elements` give control between the values, and the
    caller reads each before it asks for the next."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._has_ended = False

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def value(self) -> Any:
        """The next value as Python's."""
        self.peek()
        while True:
            found = self._decode()
            if found is not None:
                return found[0]
            length = len(self._text) - self._at
            if length > ELEMENT_LIMIT:
                raise ValueError(f"a JSON value over {ELEMENT_LIMIT} characters")
            # Twice as far before the next try, so that a large value costs its length and not its square.
            self._more(length)

    def members(self) -> Iterator[str]:
        """The names of an object's members."""
        self.take("{")
        goes_on = self.peek() != "}"
        while goes_on:
            name = self.value()
            if not isinstance(name, str):
                raise ValueError(f"a member's name is due, not {name!r:.40}")
            self.take(":")
            yield name
            goes_on = self._comma()
        self.take("}")

    def elements(self) -> Iterator[None]:
        """Once for each element of an array."""
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
            raise JSONCutOffError(f"the text ends where {character!r} is due")
        if found != character:
            raise ValueError(f"{character!r} is due, not {found!r}")
        self._at += 1

    def _decode(self) -> Optional[Tuple[Any]]:
        """The value at the position, None if not all of it is there yet."""
        try:
            value, end = _decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if not self._has_ended:
                return None
            # Python reports an open string where it begins.
            if error.pos >= len(self._text) or error.msg.startswith("Unterminated string"):
                raise JSONCutOffError("the text ends within a value") from error
            raise
        # A number may go on: in the next piece, or behind what stands here of it (`1.` of `1.5`).
        is_closed = self._text[end - 1] in "}]\"" or self._text[end:end + 1] in _DELIMITERS
        if not is_closed and not self._has_ended:
            return None
        self._at = end
        return (value,)

    def _more(self, wanted: int = 1) -> bool:
        """Appends pieces until so many characters have come, and drops what has been read. False if there is nothing more."""
        pieces, count = [self._text[self._at:]], 0
        while count < wanted and not self._has_ended:
            chunk = next(self._chunks, None)
            self._has_ended = chunk is None
            piece = self._utf8.decode(chunk or b"", final=self._has_ended)
            pieces.append(piece)
            count += len(piece)
        self._text, self._at = "".join(pieces), 0
        return count > 0
