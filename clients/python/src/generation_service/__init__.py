"""Client of the Generation Service API v2.

`Client` is for new programs; `GenerationServiceClient` is the API document's client, for programs written for it. See README.md.
"""
from .client import Client
from .document import GenerationServiceClient
from .errors import (
    APIError, AuthenticationError, BatchTooLargeError, ConflictError, GenerationServiceError, InputError,
    InvalidReplyError, InvalidRequestError, JobEndedError, JobNotCompletedError, NotFoundError, RateLimitError,
    RequestInProgressError, RequestTimeoutError, ServerError, TransportError, UnavailableError, WaitTimeoutError,
    WebhookVerificationError,
)
from .models import (
    BatchAccepted, Cancelled, Description, Image, JobPage, JobStatus, JobSummary, Lot, LotResult, ProcessingSummary, Progress, Redelivery,
    Results, SyncResult, Usage, WebhookAttempt, WebhookDelivery, WebhookEvent,
)
from .results import ItemStream, ResultStream
from .retry import RetryPolicy, Waiting
from .signing import sign
from .webhooks import VerifiedWebhook, verify_document_signature, verify_webhook, verify_webhook_signature

__all__ = [
    "Client", "GenerationServiceClient", "ItemStream", "ResultStream", "RetryPolicy", "Waiting", "sign",
    "VerifiedWebhook", "verify_document_signature", "verify_webhook", "verify_webhook_signature",
    "APIError", "AuthenticationError", "BatchTooLargeError", "ConflictError", "GenerationServiceError", "InputError",
    "InvalidReplyError", "InvalidRequestError", "JobEndedError", "JobNotCompletedError", "NotFoundError",
    "RateLimitError", "RequestInProgressError", "RequestTimeoutError", "ServerError", "TransportError",
    "UnavailableError", "WaitTimeoutError", "WebhookVerificationError",
    "BatchAccepted", "Cancelled", "Description", "Image", "JobPage", "JobStatus", "JobSummary", "Lot", "LotResult", "ProcessingSummary",
    "Progress", "Redelivery", "Results", "SyncResult", "Usage", "WebhookAttempt", "WebhookDelivery", "WebhookEvent",
]
