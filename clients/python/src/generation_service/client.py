"""The client: one method per call of the API. One thread at a time; each thread needs its own client."""
from __future__ import annotations

import os
import uuid
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any, BinaryIO, Callable, ContextManager, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Type, Union, cast

import requests

from .errors import ConflictError, InputError, WaitTimeoutError
from .models import (
    BatchAccepted, Cancelled, JobPage, JobStatus, JobSummary, Redelivery, Results, SyncResult, WebhookDelivery,
)
from .results import ItemStream, ResultStream
from .retry import Retries, RetryPolicy, Waiting
from .signing import sign
from .spool import VERSION, LotsFile, SpooledBody, encoded, language_list
from .transport import GENERATE_READ_SECONDS, Call, Transport, chunks, job_segment

GENERATE_PATH = "/api/v1/generate-descriptions"
ENGLISH = ("en",)
ENDS = ("completed", "failed", "cancelled")
PAGE_LIMIT = 100

LotLike = Mapping[str, Any]


class Client:
    """Calls the service at `base_url`, signing with `shared_key`.

    `session` configures proxies, certificates and the like; `retry` bounds the repeats of a call; `spool_folder` is the folder for
    the bodies of batches (default: the system's temporary folder). Every method raises a GenerationServiceError.
    """

    def __init__(
        self, base_url: str, shared_key: str, *, session: Optional[requests.Session] = None, retry: RetryPolicy = RetryPolicy(),
        waiting: Waiting = Waiting(), spool_folder: Optional[str] = None,
    ) -> None:
        self._key = shared_key
        self._waiting = waiting
        self._spool_folder = spool_folder
        self._transport = Transport(base_url, shared_key, session or _session(), Retries(retry, waiting))

    @property
    def session(self) -> requests.Session:
        return self._transport.session

    @session.setter
    def session(self, session: requests.Session) -> None:
        self._transport.session = session

    # Descriptions

    def describe(self, lot: LotLike, languages: Sequence[str] = ENGLISH, *, idempotency_key: Optional[str] = None) -> SyncResult:
        """Describes one lot within the call, which takes up to 300 s. The lot must have no `webhook`, which would make it a batch."""
        if lot.get("webhook") is not None:
            raise InputError("a lot with a webhook needs a batch: call create_batch")
        body = encoded({"version": VERSION, "languages": language_list(languages), "lots": [lot]})
        return cast(SyncResult, self._generate(body, sign(self._key, body), idempotency_key, {}, 200))

    def create_batch(
        self, lots: Iterable[LotLike], languages: Sequence[str] = ENGLISH, *, idempotency_key: Optional[str] = None,
    ) -> BatchAccepted:
        """Creates a batch job of 1 to 50,000 lots from a list, a generator, or any other iterable, without holding them in memory."""
        return self._create(lots, lambda: languages, idempotency_key)

    def create_batch_from_file(
        self, file: Union[str, os.PathLike[str], BinaryIO], languages: Optional[Sequence[str]] = None, *,
        idempotency_key: Optional[str] = None,
    ) -> BatchAccepted:
        """The same from a file (a path, or open in binary mode): NDJSON (one lot per line), a JSON array of lots or an object with `lots`.
        `languages` overrides those of such an object; the default is English."""
        source: ContextManager[Any] = open(file, "rb") if isinstance(file, (str, os.PathLike)) else nullcontext(file)
        with source as opened:
            lots = LotsFile(opened)
            return self._create(lots, lambda: languages or lots.languages or ENGLISH, idempotency_key)

    def _create(
        self, lots: Iterable[LotLike], languages: Callable[[], Sequence[str]], idempotency_key: Optional[str]
    ) -> BatchAccepted:
        with SpooledBody(self._key, lots, languages, self._spool_folder) as body:
            # Without it the service would describe a single lot within the request.
            prefer = {"Prefer": "respond-async"}
            return cast(BatchAccepted, self._generate(body.file, body.signature, idempotency_key, prefer, 201))

    def _generate(
        self, body: Union[bytes, BinaryIO], signature: str, idempotency_key: Optional[str], headers: Dict[str, str], status: int
    ) -> Any:
        """Sends the same Idempotency-Key on every attempt: the work is done once, even if replies are lost (C2.7)."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key or uuid.uuid4().hex, **headers}
        call = Call(
            "POST", GENERATE_PATH, signature=signature, headers=headers, body=body, read_seconds=GENERATE_READ_SECONDS)
        return self._transport.json(call, status)

    # One job

    def status(self, job_id: str) -> JobStatus:
        return cast(JobStatus, self._transport.json(self._job("GET", "batch-status/{}", job_id), 200))

    def results(self, job_id: str) -> Results:
        """All results in memory. Raises JobNotCompletedError until the job has completed."""
        return cast(Results, self._transport.json(self._job("GET", "batch-results/{}", job_id), 200))

    def stream_results(self, job_id: str) -> ResultStream:
        """The results lot by lot, as they arrive; memory for one lot."""
        return ResultStream(self._transport, self._job("GET", "batch-results/{}", job_id), ("results", "lots"))

    def download(self, job_id: str, path: Union[str, os.PathLike[str], None] = None) -> str:
        """Writes the results to a file (default `batch_results_{job_id}.json`) and returns its path. A temporary file in the same folder is
        renamed at the end, so that no reader sees half a file."""
        target = os.fspath(path) if path is not None else f"batch_results_{job_segment(job_id)}.json"
        partial = f"{target}.{uuid.uuid4().hex}.part"
        try:
            with open(partial, "xb") as file:
                call = self._job("GET", "batch-results/{}/download", job_id)
                self._transport.reading(call, lambda response: _copy(response, file), 200)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(partial)
            raise
        return target

    def cancel(self, job_id: str) -> Cancelled:
        """Raises ConflictError (JOB_ALREADY_CANCELLED) if cancelled before, InvalidRequestError (JOB_NOT_CANCELLABLE) if it has ended."""
        try:
            return cast(Cancelled, self._transport.json(self._job("POST", "batch-jobs/{}/cancel", job_id), 200))
        except ConflictError as error:
            if error.code != "JOB_ALREADY_CANCELLED" or not error.after_lost_reply:
                raise
        # This call has cancelled it; only its reply was lost.
        status = self.status(job_id)
        return {
            "job_id": status["job_id"], "status": "cancelled", "cancelled_at": status["updated_at"],
            "message": "Job successfully cancelled",
        }

    def wait(
        self, job_id: str, *, poll_seconds: float = 30.0, timeout_seconds: Optional[float] = None,
        on_progress: Optional[Callable[[JobStatus], object]] = None,
    ) -> JobStatus:
        """Polls until the job has ended, in any state, and returns its last status. `on_progress` gets each status, including the last.
        Raises WaitTimeoutError after `timeout_seconds`; the job continues."""
        started = self._waiting.clock()
        while True:
            status = self.status(job_id)
            if on_progress:
                on_progress(status)
            if status["status"] in ENDS:
                return status
            wait = poll_seconds
            if timeout_seconds is not None:
                wait = min(wait, timeout_seconds - (self._waiting.clock() - started))
                if wait <= 0:
                    raise WaitTimeoutError(status, timeout_seconds)
            self._waiting.sleep(wait)

    # Lists

    def list_jobs(
        self, *, status: Optional[str] = None, limit: Optional[int] = None, offset: Optional[int] = None,
        created_after: Optional[str] = None, created_before: Optional[str] = None,
    ) -> JobPage:
        """A page of jobs, newest first. Times are ISO 8601, inclusive."""
        given: Dict[str, Union[str, int, None]] = {
            "status": status, "limit": limit, "offset": offset, "created_after": created_after, "created_before": created_before,
        }
        parameters = {name: value for name, value in given.items() if value is not None}
        return cast(JobPage, self._transport.json(Call("GET", "/api/v1/batch-jobs", parameters=parameters), 200))

    def iterate_jobs(
        self, *, status: Optional[str] = None, created_after: Optional[str] = None, created_before: Optional[str] = None,
        page_size: int = PAGE_LIMIT,
    ) -> Iterator[JobSummary]:
        """All jobs, newest first, page by page. Jobs created meanwhile move others to the next page; no job appears twice."""
        offset, seen = 0, set[str]()
        while True:
            page = self.list_jobs(
                status=status, limit=page_size, offset=offset, created_after=created_after, created_before=created_before)
            yield from (job for job in page["jobs"] if job["id"] not in seen)
            if not page["jobs"] or not page["pagination"]["has_more"]:
                return
            offset += len(page["jobs"])
            seen = {job["id"] for job in page["jobs"]}

    # Webhooks

    def webhook_deliveries(self, job_id: str) -> List[WebhookDelivery]:
        """The job's deliveries, each with its attempts."""
        return list(self.stream_webhook_deliveries(job_id))

    def stream_webhook_deliveries(self, job_id: str) -> ItemStream[WebhookDelivery]:
        """The same one by one: each of 50,000 lots may have its own webhook."""
        return ItemStream(self._transport, self._job("GET", "batch-jobs/{}/webhook-deliveries", job_id), ("deliveries",))

    def redeliver(self, delivery_id: str) -> Redelivery:
        """Sends an ended delivery again. Raises ConflictError (DELIVERY_PENDING) while the delivery has not ended."""
        try:
            return cast(Redelivery, self._transport.json(self._job("POST", "webhook-deliveries/{}/redeliver", delivery_id), 202))
        except ConflictError as error:
            if error.code != "DELIVERY_PENDING" or not error.after_lost_reply:
                raise
        # This call has restarted it; only its reply was lost.
        return {"id": delivery_id, "status": "pending", "message": "Delivery started anew"}

    def _job(self, method: str, path: str, identifier: str) -> Call:
        """A request about one job or delivery: the signature covers the id as in the path (C1.5)."""
        segment = job_segment(identifier)
        return Call(method, "/api/v1/" + path.format(segment), signature=sign(self._key, segment))

    def close(self) -> None:
        self.session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def _session() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "GenerationServiceClient/2.0 (python)"
    return session


def _copy(response: requests.Response, file: BinaryIO) -> None:
    """Reads from the beginning, also after a failed attempt."""
    file.seek(0)
    file.truncate()
    for chunk in chunks(response):
        file.write(chunk)

