"""Requests and replies of the API as types of plain dictionaries: JSON objects stay dictionaries, and type checkers know their members.

A class `_Always...` has the members that are always present; its subclass adds those that may be missing.
"""
from __future__ import annotations

from typing import Dict, List, Optional, TypedDict


class Image(TypedDict):
    url: str


class _AlwaysLot(TypedDict):
    lot_id: str
    images: List[Image]


class Lot(_AlwaysLot, total=False):
    """A car to be described."""

    additional_info: Optional[str]
    webhook: Optional[str]


class Description(TypedDict):
    language: str
    #: HTML with the elements `p ul ol li strong em br` only.
    damages: str


class _AlwaysLotResult(TypedDict):
    lot_id: str
    #: `completed`, or `failed` with an `error`.
    status: str
    processed_images: int
    descriptions: List[Description]
    missing_images: List[str]


class LotResult(_AlwaysLotResult, total=False):
    error: str
    #: Only in the results of a batch.
    processed_at: str


class SyncResult(TypedDict):
    version: str
    processing_mode: str
    total_lots: int
    processed_at: str
    lots: List[LotResult]


class BatchAccepted(TypedDict):
    job_id: str
    status: str
    created_at: str
    total_lots: int
    languages: List[str]
    estimated_completion: Optional[str]
    processing_mode: str
    webhook_configured: bool


class ShortProgress(TypedDict):
    completion_percentage: float
    estimated_completion: Optional[str]


class Progress(ShortProgress):
    total_lots: int
    processed_lots: int
    failed_lots: int


class ProcessingDetails(TypedDict):
    openai_vision_batch_id: Optional[str]
    openai_translation_batch_id: Optional[str]
    openai_vision_batch_ids: List[str]
    openai_translation_batch_ids: List[str]
    current_stage: str


class TokenCount(TypedDict):
    input_tokens: int
    output_tokens: int


class ModelUsage(TokenCount):
    #: Of the input: read from OpenAI's cache, written to it.
    cached_tokens: int
    cache_write_tokens: int
    #: Of the output: what the model reasoned with.
    reasoning_tokens: int


class Usage(TokenCount):
    by_model: Dict[str, ModelUsage]


class JobStatus(TypedDict):
    job_id: str
    #: `pending`, `processing`, `translating`, `completed`, `failed` or `cancelled`; the last three are ends.
    status: str
    created_at: str
    updated_at: str
    progress: Progress
    languages: List[str]
    processing_details: ProcessingDetails
    error_message: Optional[str]
    webhook_configured: bool
    usage: Usage


class ProcessingSummary(TypedDict):
    total_lots: int
    processed_lots: int
    failed_lots: int
    total_images_processed: int
    total_processing_time: str


class ResultLots(TypedDict):
    version: str
    lots: List[LotResult]


class Results(TypedDict):
    job_id: str
    status: str
    completed_at: str
    processing_summary: ProcessingSummary
    results: ResultLots


class JobSummary(TypedDict):
    """A job in the list."""

    id: str
    status: str
    created_at: str
    updated_at: str
    total_lots: int
    processed_lots: int
    failed_lots: int
    languages: List[str]
    progress: ShortProgress
    webhook_configured: bool


class Pagination(TypedDict):
    limit: int
    offset: int
    total: int
    has_more: bool


class JobPage(TypedDict):
    jobs: List[JobSummary]
    pagination: Pagination


class Cancelled(TypedDict):
    job_id: str
    status: str
    cancelled_at: str
    message: str


class WebhookAttempt(TypedDict):
    """One attempt to deliver."""

    attempt: int
    started_at: str
    ended_at: Optional[str]
    http_status: Optional[int]
    error: Optional[str]


class WebhookDelivery(TypedDict):
    """A job's delivery to one address; `id` is the receiver's `webhook-id`."""

    id: str
    batch_job_id: str
    webhook_url: str
    event: str
    #: `pending`, `delivered` or `failed`.
    status: str
    attempt_count: int
    created_at: str
    last_attempt_at: Optional[str]
    delivered_at: Optional[str]
    next_attempt_at: Optional[str]
    error_message: Optional[str]
    attempts: List[WebhookAttempt]


class _AlwaysRedelivery(TypedDict):
    id: str
    status: str
    message: str


class Redelivery(_AlwaysRedelivery, total=False):
    """A delivery that is sent again."""

    batch_job_id: str


class _AlwaysWebhookEvent(TypedDict):
    #: `batch_job_completed`, `batch_job_failed` or `batch_job_cancelled`.
    event: str
    job_id: str
    status: str
    completed_at: str
    processing_summary: WebhookSummary
    lots: List[LotResult]


class WebhookEvent(_AlwaysWebhookEvent, total=False):
    """The body of a delivery. `lots` are those that named the receiver's address."""

    error_message: str


class WebhookSummary(TypedDict):
    total_lots: int
    processed_lots: int
    failed_lots: int
    total_processing_time: str
