"""A job's results lot by lot, in memory for one of them. A lost connection is taken up again where it broke off: the results of a
completed job never change."""
from __future__ import annotations

from types import TracebackType
from typing import Any, Dict, Iterator, Optional, Type, cast

import requests

from .errors import ConnectionFailedError, ReplyError
from .jsonstream import JSONCutOffError, JSONReader
from .models import LotResult, ProcessingSummary
from .retry import Trials
from .transport import Call, Transport, chunks


class ResultStream(Iterator[LotResult]):
    """Iterates over the lots' results in the order in which they were sent. Use it in a `with`, or iterate to the end: it holds a
    connection until then."""

    def __init__(self, transport: Transport, call: Call) -> None:
        self._transport = transport
        self._call = call
        self._given = 0
        self._trials: Optional[Trials] = None
        self._ahead: Optional[LotResult] = None
        #: The members of the reply beside the lots: job_id, status, completed_at, processing_summary.
        self.head: Dict[str, Any] = {}
        self._open()
        # What stands before the lots is read along with the first one.
        self._ahead = self._next()

    @property
    def summary(self) -> ProcessingSummary:
        return cast(ProcessingSummary, self.head["processing_summary"])

    def __next__(self) -> LotResult:
        lot, self._ahead = self._ahead, None
        if lot is None:
            lot = self._next()
        if lot is None:
            raise StopIteration
        return lot

    def _next(self) -> Optional[LotResult]:
        """None after the last."""
        while True:
            try:
                lot = next(self._lots, None)
            except ConnectionFailedError as error:
                self.close()
                self._trials = self._trials or self._transport.retries.begin("GET")
                if not self._trials.goes_on_after(error):
                    raise
                self._open()
                continue
            self._position += 1
            if lot is None:
                self.close()
                return None
            if self._position > self._given:
                self._given, self._trials = self._position, None
                return lot

    def _open(self) -> None:
        self._position = 0
        self._response: requests.Response = self._transport.opened(self._call, 200)
        self._lots = self._read(JSONReader(chunks(self._response)))

    def _read(self, reader: JSONReader) -> Iterator[LotResult]:
        try:
            for name in reader.members():
                if name == "results":
                    yield from self._read_results(reader)
                else:
                    self.head[name] = reader.value()
            # To the very end, so that the connection can be used again.
            if reader.peek():
                raise ReplyError("something follows the results")
        except JSONCutOffError as error:
            raise ConnectionFailedError(f"the results broke off: {error}", error) from error
        except ValueError as error:
            raise ReplyError(f"the results cannot be read: {error}") from error

    def _read_results(self, reader: JSONReader) -> Iterator[LotResult]:
        for name in reader.members():
            if name == "lots":
                for _ in reader.elements():
                    yield cast(LotResult, reader.value())
            else:
                reader.value()

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> ResultStream:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
