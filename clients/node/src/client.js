// The service's API, one method per call: returns replies as the service sends them, throws errors. A
// client's only state is its connections; any number of calls may run at the same time.
import { randomBytes, randomUUID } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { APIError, InputError, InvalidReplyError, WaitTimeoutError } from './errors.js';
import { systemClock } from './clock.js';
import { ItemStream } from './item-stream.js';
import { lotsOfFile, writeRequest } from './lots.js';
import { RETRY_DEFAULTS, Retrier } from './retry.js';
import { sign } from './signing.js';
import { Spool } from './spool.js';
import { Transport, readChunks, readText } from './transport.js';

const GENERATE = '/api/v1/generate-descriptions';
const JOBS = '/api/v1/batch-jobs';
const ENDS = ['completed', 'failed', 'cancelled'];

const DEFAULTS = {
    userAgent: 'GenerationServiceClient-JS/1.0',
    /** Longest silence of the service, in milliseconds. */
    idleMs: 120_000,
    /** The same for a single lot, which the service answers within 300 s (C2.6). */
    syncIdleMs: 310_000,
    /** A whole call with its retries; for a streamed reply, until it begins. */
    deadlineMs: 600_000,
    /** The service's limit (C3). */
    maxBodyBytes: 200 * 1024 * 1024,
};

export class Client {
    #sharedKey;
    #settings;
    #transport;
    #retrier;

    constructor(baseUrl, sharedKey, options = {}) {
        if (typeof sharedKey !== 'string' || sharedKey === '') throw new InputError('the shared key is missing');
        const { agent, retry, clock, ...settings } = options;
        this.#sharedKey = sharedKey;
        this.#settings = { ...DEFAULTS, ...settings };
        this.#transport = new Transport(baseUrl, agent);
        this.#retrier = new Retrier({ ...RETRY_DEFAULTS, ...retry }, clock ?? systemClock);
    }

    /** Closes idle connections. (They do not keep a program running.) */
    close() { this.#transport.close(); }

    // Descriptions

    /** Describes one lot within the call, which takes up to five minutes. */
    async describe(lot, options = {}) {
        if (lot?.webhook) throw new InputError('a lot with a webhook needs a batch job: call createBatch');
        return this.#generate([lot], options, {
            idleMs: this.#settings.syncIdleMs, accept: [200], settings: () => requestMembers(options),
        });
    }

    /** Creates a batch job from an array, an iterable or an async iterable of lots; a single lot is enough. */
    async createBatch(lots, options = {}) {
        return this.#generate(lots, options, { ...asBatch, settings: () => requestMembers(options) });
    }

    /** The same from a file; `options` override `languages` and `version` of a JSON file. */
    async createBatchFromFile(path, options = {}) {
        let inFile = {};
        const lots = lotsOfFile(path, options.format, (members) => { inFile = members; });
        const settings = () => requestMembers({
            version: options.version ?? inFile.version, languages: options.languages ?? inFile.languages,
        });
        return this.#generate(lots, options, { ...asBatch, settings });
    }

    async #generate(lots, options, { settings, accept, headers, idleMs }) {
        const idempotencyKey = options.idempotencyKey ?? randomUUID();
        options.signal?.throwIfAborted();
        const spool = new Spool(this.#sharedKey, {
            maxBytes: this.#settings.maxBodyBytes, directory: this.#settings.spoolDirectory,
        });
        try {
            await writeRequest(spool, abortable(lots, options.signal), settings);
            return await this.#json({
                method: 'POST', target: GENERATE, signature: spool.signature, body: spool, accept, idleMs,
                headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
            }, options);
        } finally {
            await spool.dispose();
        }
    }

    // Jobs

    async status(jobId, options = {}) {
        return this.#json(this.#about(jobId, 'GET', (id) => `/api/v1/batch-status/${id}`), options);
    }

    /** The whole results in memory; for large jobs use `streamResults` or `download`. */
    async results(jobId, options = {}) {
        return this.#json(this.#resultsOf(jobId), options);
    }

    /** The results' lots one by one: `for await (const lot of client.streamResults(id))`. */
    streamResults(jobId, options = {}) {
        return this.#stream(this.#resultsOf(jobId), ['results', 'lots'], options);
    }

    /** Writes the results to a file, which is either complete or absent. */
    async download(jobId, path, options = {}) {
        const request = this.#about(jobId, 'GET', (id) => `/api/v1/batch-results/${id}/download`);
        const end = path ?? `batch_results_${encodeURIComponent(jobId)}.json`;
        const bytes = await this.#perform(request, options, (response, limit) => {
            limit.stopClock();
            return writeWhole(end, readChunks(response, this.#settings.idleMs, limit.signal));
        });
        return { path: end, bytes };
    }

    async #page(filter, options) {
        const target = JOBS + queryOf(filter);
        // There is no job id: the signature covers the request target exactly as it is sent (C1.5).
        return this.#json({ method: 'GET', target, signature: sign(this.#sharedKey, target), accept: [200] }, options);
    }

    /** A page of jobs, newest first. */
    async listJobs(filter = {}, options = {}) {
        return this.#page(filter, options);
    }

    /** All matching jobs, page by page, newest first. Jobs created meanwhile are left out, and no job appears twice. */
    async* iterateJobs(filter = {}, options = {}) {
        const fixed = { limit: 100, ...filter };
        let before = new Set();
        for (let offset = filter.offset ?? 0; ;) {
            const { jobs, pagination } = await this.#page({ ...fixed, offset }, options);
            fixed.createdBefore ??= jobs[0]?.created_at;
            // A new job of the same second moves the last jobs of a page to the next page.
            for (const job of jobs) if (!before.has(job.id)) yield job;
            before = new Set(jobs.map((job) => job.id));
            offset += jobs.length;
            if (!pagination.has_more || jobs.length === 0) return;
        }
    }

    async cancel(jobId, options = {}) {
        const request = this.#about(jobId, 'POST', (id) => `${JOBS}/${id}/cancel`);
        try {
            return await this.#json(request, options);
        } catch (error) {
            // An attempt whose reply was lost has cancelled it.
            if (error.code !== 'JOB_ALREADY_CANCELLED' || !error.afterLostReply) throw error;
            return { job_id: jobId, status: 'cancelled', cancelled_at: null, message: error.message };
        }
    }

    /** Waits for the end of the job, in any state, and returns its status. @throws WaitTimeoutError */
    async wait(jobId, { intervalMs = 10_000, timeoutMs = 25 * 3600_000, onProgress, ...options } = {}) {
        const { clock } = this.#retrier;
        const end = clock.now() + timeoutMs;
        for (;;) {
            const status = await this.status(jobId, options);
            await onProgress?.(status);
            if (ENDS.includes(status.status)) return status;
            const left = end - clock.now();
            if (left <= 0) throw new WaitTimeoutError(`job ${jobId} has not ended within ${timeoutMs} ms`, status);
            await clock.sleep(Math.min(intervalMs, left), options.signal);
        }
    }

    // Webhooks

    /** The deliveries of a job with their attempts, in an array. */
    async webhookDeliveries(jobId, options = {}) {
        return (await this.#json(this.#deliveriesOf(jobId), options)).deliveries;
    }

    /** The same one by one: each lot may have its own delivery. */
    streamWebhookDeliveries(jobId, options = {}) {
        return this.#stream(this.#deliveriesOf(jobId), ['deliveries'], options);
    }

    /** Sends an ended delivery again. */
    async redeliver(deliveryId, options = {}) {
        const request = this.#about(deliveryId, 'POST', (id) => `/api/v1/webhook-deliveries/${id}/redeliver`);
        try {
            return await this.#json({ ...request, accept: [202] }, options);
        } catch (error) {
            if (error.code !== 'DELIVERY_PENDING' || !error.afterLostReply) throw error;
            return { id: deliveryId, batch_job_id: null, status: 'pending', message: error.message };
        }
    }

    // Internals

    /** The `X-Signature` of a text. */
    _sign(text) { return sign(this.#sharedKey, text); }

    #resultsOf(jobId) {
        return this.#about(jobId, 'GET', (id) => `/api/v1/batch-results/${id}`);
    }

    #deliveriesOf(jobId) {
        return this.#about(jobId, 'GET', (id) => `${JOBS}/${id}/webhook-deliveries`);
    }

    /** A request about one job or delivery: the signature covers its id, exactly as in the path (C1.5). */
    #about(id, method, target) {
        if (typeof id !== 'string' || id === '') throw new InputError('an id is missing');
        const inPath = encodeURIComponent(id);
        return { method, target: target(inPath), signature: sign(this.#sharedKey, inPath), accept: [200] };
    }

    #stream(request, path, options) {
        const open = () => this.#perform(request, options, (response, limit) => {
            limit.stopClock();
            return response;
        });
        return new ItemStream(open, path, {
            retrier: this.#retrier, idleMs: this.#settings.idleMs, signal: options.signal,
        });
    }

    async #json(request, options) {
        return this.#perform(request, options, async (response, limit) => {
            const text = await readText(response, request.idleMs ?? this.#settings.idleMs, limit.signal);
            try {
                return JSON.parse(text);
            } catch (error) {
                throw new InvalidReplyError(`the reply is not JSON: ${error.message}`, { cause: error });
            }
        });
    }

    /** Sends a request with retries; `use` reads the reply, and its failures count as the request's. */
    async #perform(request, { signal, deadlineMs = this.#settings.deadlineMs }, use) {
        const idleMs = request.idleMs ?? this.#settings.idleMs;
        const headers = { 'User-Agent': this.#settings.userAgent, 'X-Signature': request.signature, ...request.headers };
        return this.#retrier.run({ method: request.method, deadlineMs, signal }, async (limit) => {
            const { method, target, body } = request;
            const response = await this.#transport.send({ method, target, headers, body, idleMs, signal: limit.signal });
            if (request.accept.includes(response.statusCode)) return use(response, limit);
            const text = await readText(response, idleMs, limit.signal);
            throw APIError.of({ status: response.statusCode, headers: response.headers, text });
        });
    }
}

/** The query that makes a batch job of a single lot too (C2.1). */
const asBatch = { accept: [201], headers: { Prefer: 'respond-async' } };

function requestMembers({ version = '1.0.0', languages }) {
    return { version, languages };
}

/** Yields the lots until the signal aborts. */
async function* abortable(lots, signal) {
    if (lots === null || typeof lots !== 'object' || !(lots[Symbol.asyncIterator] || lots[Symbol.iterator])) {
        throw new InputError('lots must be an array, an iterable or an async iterable');
    }
    for await (const lot of lots) {
        signal?.throwIfAborted();
        yield lot;
    }
}

function queryOf({ status, limit, offset, createdAfter, createdBefore }) {
    const query = new URLSearchParams();
    const values = { status, limit, offset, created_after: timeOf(createdAfter), created_before: timeOf(createdBefore) };
    for (const [name, value] of Object.entries(values)) {
        if (value !== undefined && value !== null) query.set(name, String(value));
    }
    const text = query.toString();
    return text && `?${text}`;
}

function timeOf(time) {
    return time instanceof Date ? time.toISOString() : time;
}

/** Writes a temporary file in the same folder, then renames it; returns the bytes written. */
async function writeWhole(path, chunks) {
    const part = `${path}.${randomBytes(6).toString('hex')}.part`;
    const file = await open(part, 'wx');
    let bytes = 0;
    try {
        try {
            for await (const chunk of chunks) {
                await file.appendFile(chunk);
                bytes += chunk.length;
            }
            await file.sync();
        } finally {
            await file.close();
        }
        await rename(part, path);
    } catch (error) {
        await unlink(part);
        throw error;
    }
    return bytes;
}
