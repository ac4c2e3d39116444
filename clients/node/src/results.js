// A completed job's results as they come in, lot by lot. Memory does not follow their number.
import { InvalidReplyError, TransportError } from './errors.js';
import { JsonSplitter, parseJson } from './json-splitter.js';
import { delayMs } from './retry.js';
import { readChunks } from './transport.js';

export class ResultStream {
    #open;
    #retrier;
    #idleMs;
    #signal;

    /** The results without their lots, once all lots were read; null before. */
    document = null;

    /** @param open asks for the results and gives the reply's head. */
    constructor(open, { retrier, idleMs, signal }) {
        this.#open = open;
        this.#retrier = retrier;
        this.#idleMs = idleMs;
        this.#signal = signal;
    }

    /**
     * A reply that is cut is asked for again, and what was given already is skipped: the results of a completed job stay as they
     * are. It gives up where several replies in a row bring nothing new.
     */
    async* [Symbol.asyncIterator]() {
        let given = 0;
        let failures = 0;
        for (;;) {
            const response = await this.#open();
            try {
                for await (const lot of this.#lots(response, given)) {
                    given += 1;
                    failures = 0;
                    yield lot;
                }
                return;
            } catch (error) {
                failures += 1;
                if (!(error instanceof TransportError) || failures >= this.#retrier.policy.attempts) throw error;
            }
            const { policy, clock } = this.#retrier;
            await clock.sleep(delayMs(policy, failures, null, clock.random()), this.#signal);
        }
    }

    async* #lots(response, skip) {
        const splitter = new JsonSplitter([['results', 'lots']]);
        let position = 0;
        try {
            for await (const chunk of readChunks(response, this.#idleMs, this.#signal)) {
                for (const element of splitter.push(chunk)) {
                    position += 1;
                    if (position > skip) yield parseJson(element);
                }
            }
            this.document = splitter.end();
        } catch (error) {
            throw error instanceof SyntaxError ? new InvalidReplyError(`results: ${error.message}`, { cause: error }) : error;
        }
    }
}
