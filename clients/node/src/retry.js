// Decides whether to repeat a failed attempt, and after how long. Every request may be repeated: GETs by
// nature, generate-descriptions by its Idempotency-Key (C2.7), a cancel because a second one changes nothing.
import { APIError, TransportError } from './errors.js';
import { Limit } from './limit.js';

export const RETRY_DEFAULTS = {
    /** Total number of attempts. */
    attempts: 6,
    /** The first wait, doubled each time up to `maxMs`; a random part of up to a half is subtracted. */
    baseMs: 500,
    maxMs: 30_000,
    /** A longer `Retry-After` throws the error at once, with its value. */
    retryAfterMaxMs: 120_000,
};

/** `no`, `counted`, or `uncounted`: bounded by the deadline only. Pure. */
export function verdict(error, method) {
    if (error instanceof TransportError) return error.isFinal ? 'no' : 'counted';
    if (!(error instanceof APIError)) return 'no';
    // The first request is still in progress, for up to 300 s; after that the service repeats its reply.
    if (error.code === 'REQUEST_IN_PROGRESS') return 'uncounted';
    if (error.status === 429 || error.status === 503) return 'counted';
    // From a proxy; or, on a POST, the service's report that OpenAI failed: the caller decides whether to
    // repeat it.
    if ((error.status === 502 || error.status === 504) && method === 'GET') return 'counted';
    return 'no';
}

/** Milliseconds before attempt `failures + 1`; at least the service's `Retry-After`. Pure. */
export function delayMs(policy, failures, retryAfterSeconds, random) {
    const full = Math.min(policy.baseMs * 2 ** Math.min(failures - 1, 30), policy.maxMs);
    if (retryAfterSeconds === null) return full / 2 + random * full / 2;
    // A random addition, so that many clients do not return at the same moment.
    return retryAfterSeconds * 1000 + random * policy.baseMs;
}

export class Retrier {
    constructor(policy, clock) {
        this.policy = policy;
        this.clock = clock;
    }

    /**
     * Runs `attempt(limit)` until it succeeds, must not be repeated, or the time is up.
     * @throws the last attempt's error, or the signal's reason.
     */
    async run({ method, deadlineMs, signal }, attempt) {
        const end = this.clock.now() + deadlineMs;
        let counted = 0;
        let lostReply = false;
        for (let failures = 1; ; failures += 1) {
            signal?.throwIfAborted();
            const limit = new Limit(signal, end - this.clock.now());
            try {
                return await attempt(limit);
            } catch (error) {
                signal?.throwIfAborted();
                if (error instanceof APIError) error.afterLostReply = lostReply;
                if (error instanceof TransportError) lostReply = true;
                const judged = verdict(error, method);
                if (judged === 'counted') counted += 1;
                if (judged === 'no' || counted >= this.policy.attempts) throw error;
                await this.#wait(error, failures, end, signal);
            } finally {
                limit.release();
            }
        }
    }

    async #wait(error, failures, end, signal) {
        const retryAfter = error.retryAfter ?? null;
        if (retryAfter !== null && retryAfter * 1000 > this.policy.retryAfterMaxMs) throw error;
        const ms = delayMs(this.policy, failures, retryAfter, this.clock.random());
        if (this.clock.now() + ms >= end) throw error;
        await this.clock.sleep(ms, signal);
    }
}
