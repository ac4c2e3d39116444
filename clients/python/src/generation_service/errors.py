"""What can go wrong, as exceptions, told apart by class or by `code`. All of them are GenerationServiceError.

    GenerationServiceError
      ApiError                   the service answered with an error; told apart by status
        ValidationError            400, 413, 415, 422
        AuthenticationError        401, 403
        NotFoundError              404
        ConflictError              409
        RateLimitError             429
        ServerError                5xx
        JobNotCompletedError       202: no results yet
      ConnectionFailedError      no answer, or only part of one
        RequestTimeoutError        silence for too long
      InputError                 what the caller passed cannot be sent (a ValueError too); nothing was sent
      ReplyError                 a reply that this API does not give
      WaitTimeoutError           wait() came to its end before the job did
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


class ApiError(GenerationServiceError):
    """The service answered, but not with what was asked for.

    `code` is the service's (`BATCH_SIZE_EXCEEDED`), or `HTTP_<status>` where something else answered, a proxy say. `title` is the
    service's short `error`, `details` are as it sent them, `retry_after` is in seconds, `reply` the JSON object (empty if it was none) and
    `text` the body as it came.
    """

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status = status
        self.text = text
        self.reply: Dict[str, Any] = _object(text)
        self.code = str(self.reply.get("code") or f"HTTP_{status}")
        self.title: Optional[str] = self.reply.get("error")
        self.message = str(self.reply.get("message") or self.title or text[:200])
        details = self.reply.get("details")
        self.details: Dict[str, Any] = details if isinstance(details, dict) else {}
        self.request_id: Optional[str] = self.reply.get("request_id") or headers.get("X-Request-ID")
        self.retry_after = _retry_after(headers.get("Retry-After"), self.reply, self.details)
        #: An attempt before this one lost its reply, so what this one refuses may be that one's doing.
        self.after_lost_reply = False
        super().__init__(f"{status} {self.code}: {self.message} (request {self.request_id})")


class ValidationError(ApiError):
    """The same request will be refused again; `details` say where it is wrong (`lots[17].images[0].url`)."""


class AuthenticationError(ApiError):
    """No signature, or a wrong one."""


class NotFoundError(ApiError):
    """No such job, delivery or path."""


class ConflictError(ApiError):
    """The state of things does not allow it: a job that is cancelled already, results of a job that failed."""


class RateLimitError(ApiError):
    """Too many requests in a minute."""


class ServerError(ApiError):
    """The service, or what it depends on, failed."""


class JobNotCompletedError(ApiError):
    """The job is still being worked on; `reply` tells its status and progress."""


class ConnectionFailedError(GenerationServiceError):
    """No answer came, or it broke off. `cause` is the exception underneath, of requests as a rule."""

    code = "CONNECTION_FAILED"

    def __init__(self, message: str, cause: Optional[Exception] = None, is_final: bool = False) -> None:
        super().__init__(message)
        self.cause = cause
        #: It would be the same next time: a certificate that does not hold.
        self.is_final = is_final


class RequestTimeoutError(ConnectionFailedError):
    """The service could not be reached, or said nothing, for too long."""

    code = "TIMEOUT"


class InputError(GenerationServiceError, ValueError):
    """What the caller passed cannot be sent: a batch without lots or over the largest body, an empty id. Nothing was sent."""

    code = "INVALID_INPUT"


class ReplyError(GenerationServiceError):
    """A reply that is not of this API: no JSON where JSON is due, say."""

    code = "INVALID_REPLY"


class WaitTimeoutError(GenerationServiceError):
    """The job had not ended in the time given. It goes on, and `wait` can be called again; `status` is the last one seen."""

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


_BY_STATUS: Dict[int, Type[ApiError]] = {
    202: JobNotCompletedError, 400: ValidationError, 401: AuthenticationError, 403: AuthenticationError, 404: NotFoundError,
    409: ConflictError, 413: ValidationError, 415: ValidationError, 422: ValidationError, 429: RateLimitError,
}


def of_reply(status: int, text: str, headers: Mapping[str, str]) -> ApiError:
    """The exception for a reply that is not the one asked for."""
    kind = _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)
    return kind(status, text, headers)


def _object(text: str) -> Dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _retry_after(header: Optional[str], reply: Dict[str, Any], details: Dict[str, Any]) -> Optional[float]:
    """Seconds. The header may name a time of day instead (RFC 9110), as proxies do."""
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
