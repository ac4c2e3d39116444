// One request over node:http or node:https, without retries.
//
// It does not use fetch: fetch sends a streamed body chunked instead of with a Content-Length (by which the
// service refuses a long body before it reads it), cannot send `Expect: 100-continue`, and rewrites the
// request target, which must be sent as signed.
import http from 'node:http';
import https from 'node:https';
import { TransportError, InputError, RequestTimeoutError } from './errors.js';

/** From this length on the client sends `Expect: 100-continue`: the service may be busy, or the rate limit reached. */
export const EXPECT_BYTES = 1024 * 1024;
/** A proxy that does not answer `Expect` gets the body after this time. */
const CONTINUE_MS = 1000;

export class Transport {
    #module;
    #address;
    #prefix;
    #agent;

    constructor(baseUrl, agent) {
        const url = parse(baseUrl);
        this.#module = url.protocol === 'https:' ? https : http;
        this.#address = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || undefined };
        // A path of the base URL is for a proxy, which removes it; the signature does not cover it.
        this.#prefix = url.pathname.replace(/\/+$/, '');
        this.#agent = agent ?? new this.#module.Agent({ keepAlive: true });
    }

    /** Closes idle connections. */
    close() { this.#agent.destroy(); }

    /**
     * Returns the reply's head; read its body with `readChunks`. `body`, if any, has `length` and `chunks()`, whose
     * pieces are valid until the next one is requested.
     * @param idleMs longest silence.
     * @throws TransportError, RequestTimeoutError, the signal's reason, or an error of reading `body`.
     */
    send({ method, target, headers, body, idleMs, signal }) {
        return new Promise((resolve, reject) => {
            signal.throwIfAborted();
            const request = this.#module.request({
                ...this.#address, method, path: this.#prefix + target, headers: framed(headers, body, method), agent: this.#agent,
                timeout: idleMs,
            });
            const abort = () => request.destroy(signal.reason);
            signal.addEventListener('abort', abort, { once: true });
            request.once('close', () => signal.removeEventListener('abort', abort));
            const silent = () => request.destroy(silence(idleMs));
            request.once('timeout', silent);
            request.on('error', (error) => reject(failure(error, signal)));
            request.once('response', (response) => {
                // `readChunks` detects silence from here on; a slow reader is not silence.
                request.off('timeout', silent);
                resolve(response);
            });
            if (body === undefined) return request.end();
            transmit(request, body).catch((error) => {
                reject(error);
                request.destroy();
            });
        });
    }
}

/**
 * The body of a reply, piece by piece. An early exit closes the connection.
 * @throws TransportError if it is cut, RequestTimeoutError after `idleMs` of silence, the signal's reason.
 */
export async function* readChunks(response, idleMs, signal) {
    const aborted = () => response.destroy(signal.reason);
    if (signal?.aborted) aborted();
    signal?.addEventListener('abort', aborted, { once: true });
    const chunks = response[Symbol.asyncIterator]();
    try {
        for (;;) {
            const timer = setTimeout(() => response.destroy(silence(idleMs)), idleMs);
            const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
            if (done) break;
            yield value;
        }
        if (!response.complete) throw new Error('the reply ended early');
    } catch (error) {
        throw failure(error, signal);
    } finally {
        signal?.removeEventListener('abort', aborted);
        // A reply before the end of the request's body leaves a connection that cannot be reused.
        if (!response.complete || !response.req.writableFinished) response.destroy();
    }
}

/** The whole body as text. */
export async function readText(response, idleMs, signal) {
    const chunks = [];
    for await (const chunk of readChunks(response, idleMs, signal)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
}

/**
 * Sends the body, each piece after the one before has left. Stops if the reply arrives first or the request fails (which
 * is reported elsewhere).
 */
async function transmit(request, body) {
    let isOver = false;
    let wake = () => {};
    for (const event of ['response', 'close', 'error']) {
        request.once(event, () => {
            isOver = true;
            wake();
        });
    }
    /** Waits until `begin` calls back, or until the request has ended. */
    const wait = (begin) => new Promise((resolve) => {
        wake = resolve;
        if (isOver) resolve();
        else begin(resolve);
    });

    if (body.length >= EXPECT_BYTES) await wait((done) => leave(request, done));
    for await (const chunk of body.chunks()) {
        await wait((done) => request.write(chunk, done));
        if (isOver) return;
    }
    if (!isOver) request.end();
}

/** Waits for the service's `100 Continue`. */
function leave(request, done) {
    const timer = setTimeout(done, CONTINUE_MS);
    for (const event of ['continue', 'response', 'close']) {
        request.once(event, () => {
            clearTimeout(timer);
            done();
        });
    }
}

function parse(baseUrl) {
    let url;
    try {
        url = new URL(baseUrl);
    } catch (error) {
        throw new InputError(`not a URL: ${baseUrl}`, { cause: error });
    }
    if (!['http:', 'https:'].includes(url.protocol)) throw new InputError(`neither http nor https: ${baseUrl}`);
    if (url.username || url.password || url.search || url.hash) {
        throw new InputError('the base URL must have a scheme, a host and at most a path');
    }
    return url;
}

function framed(headers, body, method) {
    if (body === undefined) return method === 'GET' ? headers : { ...headers, 'Content-Length': '0' };
    const length = { 'Content-Length': String(body.length) };
    return body.length >= EXPECT_BYTES ? { ...headers, ...length, Expect: '100-continue' } : { ...headers, ...length };
}

function silence(idleMs) {
    return new RequestTimeoutError(`the service was silent for ${idleMs / 1000} s`);
}

/** An abort throws its reason; every other error is a failed connection. */
function failure(error, signal) {
    if (signal?.aborted) return signal.reason;
    if (error instanceof TransportError) return error;
    return new TransportError(`connection failed: ${error.message || error.code}`, { cause: error });
}
