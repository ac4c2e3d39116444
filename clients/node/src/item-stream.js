// A long reply as it arrives, item by item: a completed job's lots, or its deliveries. Memory is constant.
import { InvalidReplyError, TransportError } from './errors.js';
import { JsonSplitter, parseJson } from './json-splitter.js';
import { delayMs } from './retry.js';
import { readChunks } from './transport.js';

export class ItemStream {
    #open;
    #path;
    #retrier;
    #idleMs;
    #signal;

    /** The reply without its items, after all of them were read; null before. */
    document = null;

    /** @param open requests the reply and returns its head. @param path position of the items in it. */
    constructor(open, path, { retrier, idleMs, signal }) {
        this.#open = open;
        this.#path = path;
        this.#retrier = retrier;
        this.#idleMs = idleMs;
        this.#signal = signal;
    }

    /**
     * Requests a cut reply again and skips the items already yielded: the items of an ended job and their order
     * do not change. Gives up after several replies in a row without a new item.
     */
    async* [Symbol.asyncIterator]() {
        let given = 0;
        let failures = 0;
        for (;;) {
            const response = await this.#open();
            try {
                for await (const item of this.#items(response, given)) {
                    given += 1;
                    failures = 0;
                    yield item;
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

    async* #items(response, skip) {
        const splitter = new JsonSplitter([this.#path]);
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
            throw error instanceof SyntaxError ? new InvalidReplyError(`the reply: ${error.message}`, { cause: error }) : error;
        }
    }
}
