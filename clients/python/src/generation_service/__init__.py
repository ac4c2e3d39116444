"""Client of the Generation Service API v2.

`Client` is for new programs; `GenerationServiceClient` is the API document's own, for programs that are written for it. See README.md.
"""
from .client import Client
from .document import GenerationServiceClient
from .errors import (
    ApiError, AuthenticationError, ConflictError, ConnectionFailedError, GenerationServiceError, InputError, JobNotCompletedError,
    NotFoundError, RateLimitError, ReplyError, RequestTimeoutError, ServerError, ValidationError, WaitTimeoutError,
    WebhookVerificationError,
)
from .models import (
    BatchAccepted, Cancelled, Description, Image, JobPage, JobStatus, JobSummary, Lot, LotResult, ProcessingSummary, Progress, Results,
    SyncResult, Usage, WebhookAttempt, WebhookDelivery, WebhookEvent,
)
from .results import ResultStream
from .retry import RetryPolicy, Waiting
from .signing import sign
from .webhooks import receive_webhook, verify_document_signature, verify_webhook, verify_webhook_signature

__all__ = [
    "Client", "GenerationServiceClient", "ResultStream", "RetryPolicy", "Waiting", "sign",
    "receive_webhook", "verify_document_signature", "verify_webhook", "verify_webhook_signature",
    "ApiError", "AuthenticationError", "ConflictError", "ConnectionFailedError", "GenerationServiceError", "InputError",
    "JobNotCompletedError", "NotFoundError", "RateLimitError", "ReplyError", "RequestTimeoutError", "ServerError", "ValidationError",
    "WaitTimeoutError", "WebhookVerificationError",
    "BatchAccepted", "Cancelled", "Description", "Image", "JobPage", "JobStatus", "JobSummary", "Lot", "LotResult", "ProcessingSummary",
    "Progress", "Results", "SyncResult", "Usage", "WebhookAttempt", "WebhookDelivery", "WebhookEvent",
]
