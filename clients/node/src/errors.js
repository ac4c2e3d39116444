// Everything the client throws, told apart by class or by `code`. (An aborted call throws its signal's reason instead.)

/** The root: `code` is for programs, `message` for people. */
export class GenerationServiceError extends Error {
    constructor(code, message, options) {
        super(message, options);
        this.name = new.target.name;
        this.code = code;
    }
}

/** The service answered, and not with what was asked for. */
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
        /** An attempt before this one lost its reply, so what this one refuses may be that one's doing. */
        this.afterLostReply = false;
    }

    /** An error of the class that goes with the status. */
    static of(reply) {
        const code = objectOf(reply.text)?.code;
        const Kind = BY_CODE.get(code) ?? BY_STATUS.get(reply.status) ?? (reply.status >= 500 ? ServerError : APIError);
        return new Kind(reply);
    }
}

/** 401, 403. */
export class AuthenticationError extends APIError {}
/** 400, 413, 415, 422: the same request will be refused again. */
export class InvalidRequestError extends APIError {}
/** 404. */
export class NotFoundError extends APIError {}
/** 409. */
export class ConflictError extends APIError {}
/** The results of a failed or cancelled job were asked for; `body` tells its status, error_message and progress. */
export class JobEndedError extends ConflictError {}
/** A request with the same Idempotency-Key is still being worked on. */
export class RequestInProgressError extends ConflictError {}
/** 429, and retries did not help. */
export class RateLimitError extends APIError {}
/** 503: draining, overloaded, or without its database. */
export class UnavailableError extends APIError {}
/** Every other 5xx. */
export class ServerError extends APIError {}
/** 202 where results were asked for: `body.status` and `body.progress` tell how far the job is. */
export class JobNotCompletedError extends APIError {}

const BY_CODE = new Map([
    ['JOB_FAILED', JobEndedError], ['JOB_CANCELLED', JobEndedError], ['REQUEST_IN_PROGRESS', RequestInProgressError],
]);

const BY_STATUS = new Map([
    [202, JobNotCompletedError], [400, InvalidRequestError], [401, AuthenticationError], [403, AuthenticationError],
    [404, NotFoundError], [409, ConflictError], [413, InvalidRequestError], [415, InvalidRequestError], [422, InvalidRequestError],
    [429, RateLimitError], [503, UnavailableError],
]);

/** No connection, or it broke before the reply was complete, and retries did not help. `cause` says why. */
export class TransportError extends GenerationServiceError {
    constructor(message, options, code = 'TRANSPORT') {
        super(code, message, options);
        /** It would be the same next time: the certificate does not hold. */
        this.isFinal = isCertificateTrouble(options?.cause?.code);
    }
}

/** Silence for too long, or the call's deadline is over. */
export class RequestTimeoutError extends TransportError {
    constructor(message, options) {
        super(message, options, 'TIMEOUT');
    }
}

/** What the caller passed cannot be sent; nothing was sent. */
export class InputError extends GenerationServiceError {
    constructor(message, options, code = 'INVALID_INPUT') {
        super(code, message, options);
    }
}

/** The lots make a body over the limit. */
export class BatchTooLargeError extends InputError {
    constructor(message) {
        super(message, undefined, 'BATCH_TOO_LARGE');
    }
}

/** A reply that is not what the service sends. */
export class InvalidReplyError extends GenerationServiceError {
    constructor(message, options) {
        super('INVALID_REPLY', message, options);
    }
}

/** `wait` gave up; the job goes on. `status` is the last status seen. */
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

/** Seconds from `Retry-After` (a number or a date), else from where the service repeats it in the body; null if unknown. */
function retryAfterSeconds(header, body) {
    if (header !== undefined) {
        if (/^\s*\d+\s*$/.test(header)) return Number(header);
        const date = Date.parse(header);
        if (!Number.isNaN(date)) return Math.max(0, Math.ceil((date - Date.now()) / 1000));
    }
    const said = body?.retry_after ?? body?.details?.retry_after;
    return typeof said === 'number' && said >= 0 ? said : null;
}
