"""Long replies item by item, with memory for one item. After a lost connection reading continues at the next item: the order of items and
the results of a completed job, never change."""
from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, Generic, Iterator, Optional, Tuple, Type, TypeVar, cast

import requests

from .errors import TransportError, InvalidReplyError
from .jsonstream import JSONCutOffError, JSONReader
from .models import LotResult, ProcessingSummary
from .retry import Trials
from .transport import Call, Transport, chunks

Item = TypeVar("Item")
S = TypeVar("S", bound="ItemStream[Any]")


class ItemStream(Iterator[Item], Generic[Item]):
    """Iterates over an array inside a reply. Use it in a `with`, or iterate to the end: it holds a connection until then."""

    def __init__(self, transport: Transport, call: Call, path: Tuple[str, ...]) -> None:
        self._transport = transport
        self._call = call
        self._path = path
        self._given = 0
        self._trials: Optional[Trials] = None
        #: The reply's members except the array; those after it are present once it has been read.
        self.head: Dict[str, Any] = {}
        self._open()
        # Reads the members before the array together with its first item.
        self._ahead = self._next()

    def __next__(self) -> Item:
        item, self._ahead = self._ahead, None
        if item is None:
            item = self._next()
        if item is None:
            raise StopIteration
        return item

    def _next(self) -> Optional[Item]:
        """Returns None after the last item."""
        while True:
            try:
                item = next(self._items, None)
            except TransportError as error:
                self.close()
                self._trials = self._trials or self._transport.retries.begin("GET")
                if not self._trials.goes_on_after(error):
                    raise
                self._open()
                continue
            self._position += 1
            if item is None:
                self.close()
                return None
            if self._position > self._given:
                self._given, self._trials = self._position, None
                return item

    def _open(self) -> None:
        self._position = 0
        self._response: requests.Response = self._transport.opened(self._call, 200)
        self._items = self._read(JSONReader(chunks(self._response)))

    def _read(self, reader: JSONReader) -> Iterator[Item]:
        try:
            yield from self._descend(reader, self._path)
            # Reads to the very end, so that the connection can be reused.
            if reader.peek():
                raise InvalidReplyError("there is text after the reply")
        except JSONCutOffError as error:
            raise TransportError(f"the reply was cut off: {error}", error) from error
        except ValueError as error:
            raise InvalidReplyError(f"the reply cannot be read: {error}") from error

    def _descend(self, reader: JSONReader, path: Tuple[str, ...]) -> Iterator[Item]:
        if not path:
            for _ in reader.elements():
                yield cast(Item, reader.value())
            return
        for name in reader.members():
            if name == path[0]:
                yield from self._descend(reader, path[1:])
            else:
                self.head[name] = reader.value()

    def close(self) -> None:
        self._response.close()

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


class ResultStream(ItemStream[LotResult]):
    """A job's results lot by lot, in the order in which the lots were sent. `head` has job_id, status, completed_at, version."""

    @property
    def summary(self) -> ProcessingSummary:
        return cast(ProcessingSummary, self.head["processing_summary"])
