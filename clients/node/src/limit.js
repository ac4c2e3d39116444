// Aborts an attempt from outside: combines the caller's AbortSignal and the call's deadline into one signal.
// (AbortSignal.any would do the same, but needs Node 20.)
import { RequestTimeoutError } from './errors.js';

/** Longest delay that setTimeout accepts. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Limit {
    #controller = new AbortController();
    #outer;
    #aborted;
    #timer;

    /** @param leftMs remaining time of the call. */
    constructor(outer, leftMs) {
        this.#outer = outer;
        this.#aborted = () => this.#controller.abort(outer.reason);
        if (outer?.aborted) this.#aborted();
        outer?.addEventListener('abort', this.#aborted, { once: true });
        this.#timer = setTimeout(
            () => this.#controller.abort(new RequestTimeoutError('the deadline of the call has passed')),
            Math.min(Math.max(leftMs, 0), TIMER_MAX_MS));
    }

    get signal() { return this.#controller.signal; }

    /** Ends the deadline; only the caller's signal counts from now on: a streamed reply may take as long as its reader. */
    stopClock() { clearTimeout(this.#timer); }

    release() {
        this.stopClock();
        this.#outer?.removeEventListener('abort', this.#aborted);
    }
}
