// Everything that the client throws, distinguished by class or by `code`. (An aborted call throws its
// signal's reason instead.)

/** The base class: `code` is for programs, `message` for people. */
export class GenerationServiceError extends Error {
    constructor(code, message, options) {
        super(message, options);
        this.name = new.target.name;
        this.code = code;
    }
}

/** The service answered with an error. */
export class APIError extends GenerationServiceError {
    /** @param reply `{status, headers, text}`; `text` is JSON from the service, anything from a proxy in between. */
    constructor({ status, headers, text }) {
        const body = objectOf(text);
        const code = typeof body?.code === 'string' ? body.code : `HTTP_${status}`;
        super(code, messageOf(body) ?? `HTTP ${status}`);
        this.status = status;
        this.title = typeof body?.error === 'string' ? body.error : null;
        this.details = body?.details ?? null;
        this.requestId = body?.request_id ?? headers['x-request-id'] ?? null;
        this.retryAfter = retryAfterSeconds(headers['retry-after'], body);
        this.body = body;
        this.text = text;
        /** True if an earlier attempt lost its reply: it may have caused this refusal. */
        this.afterLostReply = false;
    }

    /** An error of the class for the status. */
    static of(reply) {
        const code = objectOf(reply.text)?.code;
        const Kind = BY_CODE.get(code) ?? BY_STATUS.get(reply.status) ?? (reply.status >= 500 ? ServerError : APIError);
        return new Kind(reply);
    }
}

/** 401, 403. */
export class AuthenticationError extends APIError {}
/** 400, 413, 415, 422: the service would refuse the same request again. */
export class InvalidRequestError extends APIError {}
/** 404. */
export class NotFoundError extends APIError {}
/** 409. */
export class ConflictError extends APIError {}
/** The job failed or was cancelled, so it has no results; `body` has its status, error_message and progress. */
export class JobEndedError extends ConflictError {}
/** A request with the same Idempotency-Key is still in progress. */
export class RequestInProgressError extends ConflictError {}
/** 429 after all retries. */
export class RateLimitError extends APIError {}
/** 503: draining, overloaded, or without its database. */
export class UnavailableError extends APIError {}
/** Every other 5xx. */
export class ServerError extends APIError {}
/** 202 instead of results: `body.status` and `body.progress` have the job's progress. */
export class JobNotCompletedError extends APIError {}

const BY_CODE = new Map([
    ['JOB_FAILED', JobEndedError], ['JOB_CANCELLED', JobEndedError], ['REQUEST_IN_PROGRESS', RequestInProgressError],
]);

const BY_STATUS = new Map([
    [202, JobNotCompletedError], [400, InvalidRequestError], [401, AuthenticationError], [403, AuthenticationError],
    [404, NotFoundError], [409, ConflictError], [413, InvalidRequestError], [415, InvalidRequestError], [422, InvalidRequestError],
    [429, RateLimitError], [503, UnavailableError],
]);

/** No connection, or a connection that broke before the reply was complete, after all retries. `cause` has the reason. */
export class TransportError extends GenerationServiceError {
    constructor(message, options, code = 'TRANSPORT') {
        super(code, message, options);
        /** True if a retry would fail too: the certificate is invalid. */
        this.isFinal = isCertificateTrouble(options?.cause?.code);
    }
}

/** The service was silent for too long, or the call's deadline passed. */
export class RequestTimeoutError extends TransportError {
    constructor(message, options) {
        super(message, options, 'TIMEOUT');
    }
}

/** An invalid argument; nothing was sent. */
export class InputError extends GenerationServiceError {
    constructor(message, options, code = 'INVALID_INPUT') {
        super(code, message, options);
    }
}

/** The body is over the limit. */
export class BatchTooLargeError extends InputError {
    constructor(message) {
        super(message, undefined, 'BATCH_TOO_LARGE');
    }
}

/** A reply outside this API. */
export class InvalidReplyError extends GenerationServiceError {
    constructor(message, options) {
        super('INVALID_REPLY', message, options);
    }
}

/** `wait` timed out; the job continues. `status` is the last status seen. */
export class WaitTimeoutError extends GenerationServiceError {
    constructor(message, status) {
        super('WAIT_TIMEOUT', message);
        this.status = status;
    }
}

/** Do not trust this delivery. `reason`: `malformed`, `missing`, `mismatch`, `stale` or `too_large`. */
export class WebhookVerificationError extends GenerationServiceError {
    constructor(reason, message) {
        super('INVALID_WEBHOOK', message);
        this.reason = reason;
    }
}

function isCertificateTrouble(code) {
    return typeof code === 'string' && /CERT|^ERR_TLS|^UNABLE_TO_(GET|VERIFY|DECRYPT)|^DEPTH_ZERO|SELF_SIGNED/.test(code);
}

function objectOf(text) {
    try {
        const value = JSON.parse(text);
        return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
    } catch {
        return null;
    }
}

function messageOf(body) {
    if (typeof body?.message === 'string') return body.message;
    return typeof body?.error === 'string' ? body.error : null;
}

/** Seconds from `Retry-After` (a number or a date), else from `retry_after` in the body; null if unknown. */
function retryAfterSeconds(header, body) {
    if (header !== undefined) {
        if (/^\s*\d+\s*$/.test(header)) return Number(header);
        const date = Date.parse(header);
        if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - Date.now()) / 1000));
    }
    const said = body?.retry_after ?? body?.details?.retry_after;
    return typeof said === 'number' && said >= 0 ? said : null;
}
