// What ends an attempt from outside: the caller's AbortSignal or the call's deadline, as one signal.
// (AbortSignal.any would do, but Node has it only since 20.)
import { RequestTimeoutError } from './errors.js';

/** Longest delay that setTimeout takes. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Limit {
    #controller = new AbortController();
    #outer;
    #aborted;
    #timer;

    /** @param leftMs what is left of the call's time. */
    constructor(outer, leftMs) {
        this.#outer = outer;
        this.#aborted = () => this.#controller.abort(outer.reason);
        if (outer?.aborted) this.#aborted();
        outer?.addEventListener('abort', this.#aborted, { once: true });
        this.#timer = setTimeout(
            () => this.#controller.abort(new RequestTimeoutError('the deadline of the call is over')),
            Math.min(Math.max(leftMs, 0), TIMER_MAX_MS));
    }

    get signal() { return this.#controller.signal; }

    /** From here on only the caller's signal counts: a streamed reply may take as long as its reader. */
    stopClock() { clearTimeout(this.#timer); }

    release() {
        this.stopClock();
        this.#outer?.removeEventListener('abort', this.#aborted);
    }
}
