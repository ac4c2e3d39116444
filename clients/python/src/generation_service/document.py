"""The API document's own Python client ("Python Client SDK"): the same class, methods, arguments and return values.

A program written for it only changes its import. Differences: temporary failures are retried, the header has the signature of the
body, a batch of one lot without a webhook works, and a download is written as the service sent it, without being held in memory.
"""
from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import requests

from .client import ENGLISH, Client
from .errors import APIError, TransportError, GenerationServiceError, JobNotCompletedError, WaitTimeoutError
from .retry import RetryPolicy, Waiting
from .signing import sign


class GenerationServiceClient:
    """Returns pairs of a value and an error, as in the document. Without an answer it raises requests' exception, as there."""

    def __init__(self, base_url: str, shared_key: str, *, retry: RetryPolicy = RetryPolicy(), waiting: Waiting = Waiting()) -> None:
        self.base_url = base_url.rstrip("/")
        self.shared_key = shared_key
        #: The underlying client, for calls that the document's client lacks.
        self.client = Client(base_url, shared_key, retry=retry, waiting=waiting)

    @property
    def session(self) -> requests.Session:
        """The session of requests, as in the document: for proxies, certificates and headers."""
        return self.client.session

    @session.setter
    def session(self, session: requests.Session) -> None:
        self.client.session = session

    def _generate_signature(self, data: Union[Mapping[str, Any], str]) -> str:
        """The document's signature: of a body's lots, or of a job id."""
        if isinstance(data, Mapping):
            return sign(self.shared_key, json.dumps(data["lots"], separators=(",", ":"), sort_keys=True))
        return sign(self.shared_key, str(data))

    def sync_generate(
        self, lot_id: str, additional_info: str, image_urls: Sequence[str], languages: Sequence[str] = ENGLISH
    ) -> Tuple[Dict[str, Any], int]:
        """Returns the reply and its status."""
        lot = {"lot_id": lot_id, "additional_info": additional_info, "images": _images(image_urls)}
        try:
            return dict(self.client.describe(lot, languages)), 200
        except APIError as error:
            return error.body or {"error": error.message, "code": error.code}, error.status
        except TransportError as error:
            raise _cause(error) from error

    def batch_generate(
        self, cars_data: Iterable[Mapping[str, Any]], languages: Sequence[str] = ENGLISH, webhook_url: Optional[str] = None
    ) -> Tuple[Optional[str], Optional[str]]:
        """The job's id, or an error."""
        try:
            return self.client.create_batch(_lots(cars_data, webhook_url), languages)["job_id"], None
        except GenerationServiceError as error:
            return None, _words("Failed to create batch job", error)

    def get_job_status(self, job_id: str) -> Tuple[Optional[Dict[str, Any]], Optional[str]]:
        try:
            return dict(self.client.status(job_id)), None
        except GenerationServiceError as error:
            return None, _words("Failed to get job status", error)

    def get_job_results(self, job_id: str) -> Tuple[Optional[Dict[str, Any]], Optional[str]]:
        try:
            return dict(self.client.results(job_id)), None
        except JobNotCompletedError:
            return None, "Job not completed yet"
        except GenerationServiceError as error:
            return None, _words("Failed to get results", error)

    def download_results(self, job_id: str, filename: Optional[str] = None) -> Tuple[bool, str]:
        try:
            return True, f"Results saved to {self.client.download(job_id, filename or None)}"
        except GenerationServiceError as error:
            return False, _words("Failed to download results", error)

    def cancel_job(self, job_id: str) -> Tuple[bool, str]:
        try:
            self.client.cancel(job_id)
            return True, "Job cancelled successfully"
        except GenerationServiceError as error:
            return False, _words("Failed to cancel job", error)

    def poll_for_completion(
        self, job_id: str, poll_interval: float = 30, max_wait_time: float = 3600,
        progress_callback: Optional[Callable[[Dict[str, Any]], object]] = None,
    ) -> Tuple[Optional[Dict[str, Any]], Optional[str]]:
        """Returns the results after the job has completed, or an error."""
        tell = (lambda status: progress_callback(dict(status))) if progress_callback else None
        try:
            status = self.client.wait(
                job_id, poll_seconds=poll_interval, timeout_seconds=max_wait_time, on_progress=tell)
        except WaitTimeoutError:
            return None, f"Timeout after {max_wait_time} seconds"
        except GenerationServiceError as error:
            return None, _words("Failed to get job status", error)
        if status["status"] == "completed":
            return self.get_job_results(job_id)
        return None, f"Job {status['status']}: {status['error_message'] or 'Unknown error'}"


def _lots(cars: Iterable[Mapping[str, Any]], webhook: Optional[str]) -> Iterator[Dict[str, Any]]:
    for car in cars:
        lot = {"lot_id": car["lot_id"], "additional_info": car["additional_info"], "images": _images(car["image_urls"])}
        yield {**lot, "webhook": webhook} if webhook else lot


def _images(urls: Sequence[str]) -> List[Dict[str, str]]:
    return [{"url": url} for url in urls]


def _words(what: str, error: GenerationServiceError) -> str:
    """The error of a pair; raises a failed connection instead, as the document's client does."""
    if isinstance(error, TransportError):
        raise _cause(error) from error
    return f"{what}: {error.text if isinstance(error, APIError) else error}"


def _cause(error: TransportError) -> Exception:
    return error.cause if isinstance(error.cause, requests.RequestException) else requests.ConnectionError(str(error))
