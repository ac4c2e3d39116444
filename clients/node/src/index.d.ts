// The types of index.js. They need only `AbortSignal` from outside (from @types/node or lib.dom).

// Requests

/** Any input of `for await`. */
export type Lots<T> = Iterable<T> | AsyncIterable<T>;

export interface Lot {
    /** 1 to 255 characters, unique in the request. */
    lot_id: string;
    images: readonly { url: string }[];
    additional_info?: string | null;
    /** Receives the job's results at its end. */
    webhook?: string | null;
}

/** A car in the form of the API document's example. */
export interface Car {
    lotId: string;
    additionalInfo?: string | null;
    imageUrls: Iterable<string>;
}

export interface CallOptions {
    /** Aborts the call, which rejects with the signal's reason. */
    signal?: AbortSignal;
    /** Time limit of the whole call with its retries (for a streamed reply: until it begins), in milliseconds; default: the client's. */
    deadlineMs?: number;
}

export interface GenerateOptions extends CallOptions {
    /** 1 to 10 codes, in the order of the results; the service's default is `['en']`. */
    languages?: readonly string[];
    /** Default `'1.0.0'`. */
    version?: string;
    /** 1 to 255 visible ASCII characters; default: a random key. The same key within 24 h gives the same reply. */
    idempotencyKey?: string;
}

export interface FileOptions extends GenerateOptions {
    /** Default: by the file's ending: `.json`; `.ndjson` or `.jsonl`. */
    format?: 'json' | 'ndjson';
}

export interface JobFilter {
    status?: JobState;
    /** 1 to 100; the service's default is 10. */
    limit?: number;
    offset?: number;
    /** ISO 8601 or a Date; inclusive. */
    createdAfter?: string | Date;
    createdBefore?: string | Date;
}

export interface WaitOptions extends CallOptions {
    /** Time between two polls, in milliseconds; default 10 s. */
    intervalMs?: number;
    /** Time until WaitTimeoutError, in milliseconds; default 25 h. */
    timeoutMs?: number;
    /** Gets every status, including the last one; a returned promise is awaited. */
    onProgress?: (status: JobStatus) => unknown;
}

// Replies

export type JobState = 'pending' | 'processing' | 'translating' | 'completed' | 'failed' | 'cancelled';
export type Stage = 'queued' | 'image_prefetch' | 'vision_analysis' | 'translation' | 'finalizing' | 'done';

export interface Description {
    language: string;
    /** HTML with the elements `p ul ol li strong em br` only. */
    damages: string;
}

export interface LotResult {
    lot_id: string;
    status: 'completed' | 'failed';
    processed_images: number;
    descriptions: Description[];
    missing_images: string[];
    /** The reason of the failure. */
    error?: string;
}

/** A lot in the results of a job. */
export interface BatchLotResult extends LotResult {
    processed_at: string;
}

/** A lot in a webhook; with the job's status if the job ended before the lot did. */
export interface WebhookLotResult extends Omit<LotResult, 'status'> {
    status: 'completed' | 'failed' | 'cancelled';
}

export interface SyncResult {
    version: string;
    processing_mode: 'synchronous';
    total_lots: 1;
    processed_at: string;
    lots: [LotResult];
}

export interface AcceptedJob {
    job_id: string;
    status: 'accepted';
    created_at: string;
    total_lots: number;
    languages: string[];
    estimated_completion: string | null;
    processing_mode: 'batch';
    webhook_configured: boolean;
}

export interface ShortProgress {
    /** 0 to 100, one decimal. */
    completion_percentage: number;
    estimated_completion: string | null;
}

export interface Progress extends ShortProgress {
    total_lots: number;
    /** Lots that have ended, including failed ones. */
    processed_lots: number;
    failed_lots: number;
}

export interface TokenCount {
    input_tokens: number;
    output_tokens: number;
}

export interface ModelUsage extends TokenCount {
    /** Of the input: read from OpenAI's cache, written to it. */
    cached_tokens: number;
    cache_write_tokens: number;
    /** Of the output: what the model reasoned with. */
    reasoning_tokens: number;
}

export interface JobStatus {
    job_id: string;
    status: JobState;
    created_at: string;
    updated_at: string;
    progress: Progress;
    languages: string[];
    processing_details: {
        openai_vision_batch_id: string | null;
        openai_translation_batch_id: string | null;
        openai_vision_batch_ids: string[];
        openai_translation_batch_ids: string[];
        current_stage: Stage;
    };
    error_message: string | null;
    webhook_configured: boolean;
    usage: TokenCount & { by_model: Record<string, ModelUsage> };
}

export interface ProcessingSummary {
    total_lots: number;
    processed_lots: number;
    failed_lots: number;
    total_images_processed: number;
    total_processing_time: string;
}

/** The results of a job; as the `document` of a stream, without the lots. */
export interface JobResults {
    job_id: string;
    status: 'completed';
    completed_at: string;
    processing_summary: ProcessingSummary;
    results: { version: string; lots: BatchLotResult[] };
}

export interface ListedJob {
    id: string;
    status: JobState;
    created_at: string;
    updated_at: string;
    total_lots: number;
    processed_lots: number;
    failed_lots: number;
    languages: string[];
    progress: ShortProgress;
    webhook_configured: boolean;
}

export interface JobPage {
    jobs: ListedJob[];
    pagination: { limit: number; offset: number; total: number; has_more: boolean };
}

export interface CancelledJob {
    job_id: string;
    status: 'cancelled';
    /** null if the reply with the value was lost. */
    cancelled_at: string | null;
    message: string;
}

export interface DeliveryAttempt {
    attempt: number;
    started_at: string;
    /** null: in progress. */
    ended_at: string | null;
    http_status: number | null;
    error: string | null;
}

export interface WebhookDelivery {
    id: string;
    batch_job_id: string;
    webhook_url: string;
    event: 'batch_job_completed' | 'batch_job_failed' | 'batch_job_cancelled';
    status: 'pending' | 'delivered' | 'failed';
    attempt_count: number;
    created_at: string;
    last_attempt_at: string | null;
    delivered_at: string | null;
    /** null if the delivery has ended, or if an attempt is in progress. */
    next_attempt_at: string | null;
    error_message: string | null;
    /** Oldest first. */
    attempts: DeliveryAttempt[];
}

export interface WebhookDeliveries {
    job_id: string;
    deliveries: WebhookDelivery[];
}

export interface Redelivery {
    id: string;
    /** null if the reply with the value was lost. */
    batch_job_id: string | null;
    status: 'pending';
    message: string;
}

export interface WebhookPayload {
    event: 'batch_job_completed' | 'batch_job_failed' | 'batch_job_cancelled';
    job_id: string;
    status: 'completed' | 'failed' | 'cancelled';
    completed_at: string;
    processing_summary: Omit<ProcessingSummary, 'total_images_processed'>;
    error_message?: string;
    lots: WebhookLotResult[];
}

// The clients

export interface RetryOptions {
    /** Total number of attempts; default 6. A REQUEST_IN_PROGRESS does not count: only the deadline bounds that wait. */
    attempts?: number;
    /** The first wait, doubled each time; default 500 ms. */
    baseMs?: number;
    /** The longest wait without a `Retry-After`; default 30 s. */
    maxMs?: number;
    /** A longer `Retry-After` throws at once; default 120 s. */
    retryAfterMaxMs?: number;
}

/** Time and randomness, for tests. */
export interface Clock {
    /** Milliseconds; never goes back. */
    now(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
    /** 0 to 1. */
    random(): number;
}

export interface ClientOptions {
    retry?: RetryOptions;
    /** Time limit of a whole call, in milliseconds; default 10 min. */
    deadlineMs?: number;
    /** Longest silence of the service, in milliseconds; default 2 min. */
    idleMs?: number;
    /** The same for a call that describes one lot; default 310 s. */
    syncIdleMs?: number;
    /** Largest body; default 200 MB, the service's limit. */
    maxBodyBytes?: number;
    /** Folder for large bodies; default: the system's temporary folder. */
    spoolDirectory?: string;
    userAgent?: string;
    /** A node:http or node:https Agent, for a proxy or certificates of your own. */
    agent?: { destroy(): void };
    clock?: Clock;
}

/** A long reply, item by item. */
export interface ItemStream<Item, Reply> extends AsyncIterable<Item> {
    /** The reply without its items, after all of them were read; null before. */
    readonly document: Reply | null;
}

export class Client {
    /** @param baseUrl scheme and host, and a path if a proxy removes one. */
    constructor(baseUrl: string, sharedKey: string, options?: ClientOptions);
    close(): void;

    describe(lot: Omit<Lot, 'webhook'>, options?: GenerateOptions): Promise<SyncResult>;
    createBatch(lots: Lots<Lot>, options?: GenerateOptions): Promise<AcceptedJob>;
    createBatchFromFile(path: string, options?: FileOptions): Promise<AcceptedJob>;

    status(jobId: string, options?: CallOptions): Promise<JobStatus>;
    results(jobId: string, options?: CallOptions): Promise<JobResults>;
    streamResults(jobId: string, options?: CallOptions): ItemStream<BatchLotResult, JobResults>;
    /** Default path: `batch_results_{job_id}.json` in the current folder. */
    download(jobId: string, path?: string, options?: CallOptions): Promise<{ path: string; bytes: number }>;
    listJobs(filter?: JobFilter, options?: CallOptions): Promise<JobPage>;
    iterateJobs(filter?: JobFilter, options?: CallOptions): AsyncGenerator<ListedJob, void, undefined>;
    cancel(jobId: string, options?: CallOptions): Promise<CancelledJob>;
    wait(jobId: string, options?: WaitOptions): Promise<JobStatus>;

    webhookDeliveries(jobId: string, options?: CallOptions): Promise<WebhookDelivery[]>;
    streamWebhookDeliveries(jobId: string, options?: CallOptions): ItemStream<WebhookDelivery, WebhookDeliveries>;
    redeliver(deliveryId: string, options?: CallOptions): Promise<Redelivery>;
}

/** The error as the service sent it; null if it was no JSON object. */
export interface ErrorBody {
    error?: string;
    message?: string;
    code?: string;
    request_id?: string;
    details?: unknown;
    [member: string]: unknown;
}

/** The API document's Node example, with all methods of Client. */
export class GenerationServiceClient extends Client {
    generateSignature(data: string | { lots: readonly unknown[] }): string;
    syncGenerate(
        lotId: string, additionalInfo: string | null | undefined, imageUrls: Iterable<string>, languages?: readonly string[],
    ): Promise<{ data: SyncResult; status: 200 } | { data: ErrorBody | string; status: number }>;
    batchGenerate(
        carsData: Lots<Car>, languages?: readonly string[], webhookUrl?: string | null,
    ): Promise<{ jobId: string; error: null } | { jobId: null; error: string }>;
    getJobStatus(jobId: string): Promise<Outcome<JobStatus>>;
    getJobResults(jobId: string): Promise<Outcome<JobResults>>;
    /** Milliseconds. */
    pollForCompletion(
        jobId: string, pollInterval?: number, maxWaitTime?: number, onProgress?: (status: JobStatus) => unknown,
    ): Promise<Outcome<JobResults>>;
}

export type Outcome<T> = { data: T; error: null } | { data: null; error: string };

// Errors

export class GenerationServiceError extends Error {
    readonly code: string;
}

export class APIError extends GenerationServiceError {
    /** The HTTP status. */
    readonly status: number;
    /** The reply's `error`. */
    readonly title: string | null;
    readonly details: unknown;
    readonly requestId: string | null;
    /** Seconds. */
    readonly retryAfter: number | null;
    readonly body: ErrorBody | null;
    /** The body as received. */
    readonly text: string;
    /** True if an earlier attempt lost its reply. */
    readonly afterLostReply: boolean;
}

/** 400, 413, 415, 422. */
export class InvalidRequestError extends APIError {}
/** 401, 403. */
export class AuthenticationError extends APIError {}
/** 404. */
export class NotFoundError extends APIError {}
/** 409. */
export class ConflictError extends APIError {}
/** 409 JOB_FAILED or JOB_CANCELLED: there are no results. */
export class JobEndedError extends ConflictError {}
/** 409 REQUEST_IN_PROGRESS until the deadline. */
export class RequestInProgressError extends ConflictError {}
/** 429. */
export class RateLimitError extends APIError {}
/** 503. */
export class UnavailableError extends APIError {}
/** Every other 5xx. */
export class ServerError extends APIError {}
/** 202: no results yet. */
export class JobNotCompletedError extends APIError {}

export class TransportError extends GenerationServiceError {
    /** True if a retry would fail too: the certificate is invalid. */
    readonly isFinal: boolean;
}
export class RequestTimeoutError extends TransportError {}
export class InvalidReplyError extends GenerationServiceError {}
export class InputError extends GenerationServiceError {}
export class BatchTooLargeError extends InputError {}
export class WaitTimeoutError extends GenerationServiceError {
    /** The last one seen. */
    readonly status: JobStatus;
}
export class WebhookVerificationError extends GenerationServiceError {
    readonly reason: 'malformed' | 'missing' | 'mismatch' | 'stale' | 'too_large';
}

// Webhooks

export type WebhookHeaders =
    | { entries(): IterableIterator<[string, string]> }
    | { readonly [name: string]: string | readonly string[] | undefined };

export interface WebhookOptions {
    /** `standard` (default) detects replays; `document` checks X-Signature only. */
    scheme?: 'standard' | 'document';
    /** Allowed difference of webhook-timestamp from now; default 300. */
    toleranceSeconds?: number;
    /** Seconds since 1970. */
    now?: () => number;
}

export interface Webhook {
    /** The delivery's id; the same for all its attempts. */
    id: string | null;
    /** Seconds since 1970. */
    timestamp: number | null;
    attempt: number | null;
    jobId: string | null;
    payload: WebhookPayload;
}

/** @param keys the shared key, or several during a rotation; each also as `whsec_` and Base64. */
export function verifyWebhook(
    body: Uint8Array | string, headers: WebhookHeaders, keys: string | readonly string[], options?: WebhookOptions,
): Webhook;

/** Reads the body of a node:http request and verifies it. */
export function receiveWebhook(
    request: AsyncIterable<Uint8Array> & { headers: WebhookHeaders }, keys: string | readonly string[],
    options?: WebhookOptions & { /** Default 512 MB. */ maxBytes?: number },
): Promise<Webhook>;

export function verifyDocumentSignature(
    body: Uint8Array | string, signature: string | null | undefined, keys: string | readonly string[],
): boolean;

// Signing by hand

/** `sha256=` and hex HMAC-SHA256. */
export function sign(sharedKey: string, data: string | Uint8Array): string;
/** The text that a signature in a body covers, from the body's `lots`. */
export function canonicalJson(value: unknown): string;
