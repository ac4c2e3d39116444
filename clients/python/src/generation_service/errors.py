"""The exceptions, distinguished by class or by `code`. All of them are GenerationServiceError.

    GenerationServiceError
      APIError                   the service answered with an error; one class per status
        InvalidRequestError        400, 413, 415, 422
        AuthenticationError        401, 403
        NotFoundError              404
        ConflictError              409, of which
          JobEndedError              a failed or cancelled job has no results
          RequestInProgressError     a request with the same Idempotency-Key is in progress
        RateLimitError             429
        UnavailableError           503
        ServerError                every other 5xx
        JobNotCompletedError       202: no results yet
      TransportError             no answer, or only part of one
        RequestTimeoutError        the service was silent for too long
      InvalidReplyError          a reply outside this API
      InputError                 an invalid argument (also a ValueError); nothing was sent
        BatchTooLargeError         the body would be over the service's limit
      WaitTimeoutError           wait() timed out before the job ended
      WebhookVerificationError   a delivery that must not be trusted
"""
from __future__ import annotations

import email.utils
import json
import time
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Type

if TYPE_CHECKING:
    from .models import JobStatus


class GenerationServiceError(Exception):
    """The base of all errors of this package: `code` is for programs, the text for people."""

    code = "ERROR"


class APIError(GenerationServiceError):
    """The service answered with an error.

    `code` is the service's (`BATCH_SIZE_EXCEEDED`), or `HTTP_<status>` if another server answered, such as a proxy. `title` is the
    service's short `error`, `details` are as it sent them, `retry_after` is in seconds, `body` the JSON object (empty if it was none) and
    `text` the body as received.
    """

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self.text = text
        self.body: Dict[str, Any] = _object(text)
        self.code = str(self.body.get("code") or f"HTTP_{status}")
        self.title: Optional[str] = self.body.get("error")
        self.message = str(self.body.get("message") or self.title or text[:200])
        details = self.body.get("details")
        self.details: Dict[str, Any] = details if isinstance(details, dict) else {}
        self.request_id: Optional[str] = self.body.get("request_id") or headers.get("X-Request-ID")
        self.retry_after = _retry_after(headers.get("Retry-After"), self.body, self.details)
        #: True if an earlier attempt lost its reply: it may have caused this refusal.
        self.after_lost_reply = False
        super().__init__(f"{status} {self.code}: {self.message} (request {self.request_id})")


class InvalidRequestError(APIError):
    """The service would refuse the same request again; `details` name the wrong fields (`lots[17].images[0].url`)."""


class AuthenticationError(APIError):
    """No signature, or a wrong one."""


class NotFoundError(APIError):
    """No such job, delivery or path."""


class ConflictError(APIError):
    """The current state does not allow it: a job that is cancelled already, a lot_id that occurs twice."""


class JobEndedError(ConflictError):
    """The job failed or was cancelled, so it has no results; `body` has its status, error_message and progress."""


class RequestInProgressError(ConflictError):
    """Another request with this Idempotency-Key is still in progress."""


class RateLimitError(APIError):
    """Too many requests in a minute."""


class UnavailableError(APIError):
    """The service is draining, overloaded, or without its database."""


class ServerError(APIError):
    """The service, or a service that it depends on, failed."""


class JobNotCompletedError(APIError):
    """The job has not ended; `body` has its status and progress."""


class TransportError(GenerationServiceError):
    """No answer arrived, or it was cut off. `cause` is the underlying exception, usually of requests."""

    code = "CONNECTION_FAILED"

    def __init__(self, message: str, cause: Optional[Exception] = None, is_final: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        #: True if a retry would fail too: an invalid certificate.
        self.is_final = is_final


class RequestTimeoutError(TransportError):
    """The service was unreachable or silent for too long."""

    code = "TIMEOUT"


class InputError(GenerationServiceError, ValueError):
    """An invalid argument, such as a batch without lots or an empty id. Nothing was sent."""

    code = "INVALID_INPUT"


class BatchTooLargeError(InputError):
    """The body is over the service's limit."""


class InvalidReplyError(GenerationServiceError):
    """A reply outside this API, such as other text than JSON."""

    code = "INVALID_REPLY"


class WaitTimeoutError(GenerationServiceError):
    """The job did not end within the time limit. It continues, and `wait` can be called again; `status` is the last one seen."""

    code = "WAIT_TIMEOUT"

    def __init__(self, status: JobStatus, seconds: float) -> None:
        super().__init__(f"job {status['job_id']} had not ended after {seconds:g} s; it is {status['status']}")
        self.status = status


class WebhookVerificationError(GenerationServiceError, ValueError):
    """The delivery is not from the service, was altered, or is a replay. `reason`: `malformed`, `missing`, `mismatch` or `stale`."""

    code = "INVALID_WEBHOOK"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


_BY_CODE: Dict[str, Type[APIError]] = {
    "JOB_FAILED": JobEndedError, "JOB_CANCELLED": JobEndedError, "REQUEST_IN_PROGRESS": RequestInProgressError,
}

_BY_STATUS: Dict[int, Type[APIError]] = {
    202: JobNotCompletedError, 400: InvalidRequestError, 401: AuthenticationError, 403: AuthenticationError, 404: NotFoundError,
    409: ConflictError, 413: InvalidRequestError, 415: InvalidRequestError, 422: InvalidRequestError, 429: RateLimitError,
    503: UnavailableError,
}


def of_reply(status: int, text: str, headers: Mapping[str, str]) -> APIError:
    """The exception for an error reply."""
    kind = _BY_CODE.get(APIError(status, text, headers).code) or _BY_STATUS.get(status)
    return (kind or (ServerError if status >= 500 else APIError))(status, text, headers)


def _object(text: str) -> Dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _retry_after(header: Optional[str], reply: Dict[str, Any], details: Dict[str, Any]) -> Optional[float]:
    """Seconds. The header may have a date instead (RFC 9110), as proxies send it."""
    for value in (header, reply.get("retry_after"), details.get("retry_after")):
        try:
            if value is not None:
                return max(0.0, float(value))
        except (TypeError, ValueError):
            pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header or "").timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None
