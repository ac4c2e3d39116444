// A server with a test's scripted answers, which records its requests; and other shared code of the client's
// tests.
import http from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../../src/index.js';

export const KEY = 'a-shared-key-of-32-characters-or-more';
export const JOB = '550e8400-e29b-41d4-a716-446655440000';
export const LOT = { lot_id: 'a', images: [{ url: 'https://example.com/a.jpg' }] };
export const accepted = { status: 201, body: { job_id: JOB, status: 'accepted' } };

/** A client whose clock is at `clock`. */
export function clientOf(server, options = {}) {
    const clock = fakeClock();
    return Object.assign(new Client(server.url, KEY, { clock, ...options }), { clock });
}

/** Deleted after the test. */
export async function folder(t) {
    const path = await mkdtemp(join(tmpdir(), 'generation-client-test-'));
    t.after(() => rm(path, { recursive: true }));
    return path;
}

/**
 * @param t the test; the server ends with it.
 * @param answers one per request, the last one for all further ones: `{status, headers, body}`, where an object as body is
 *     JSON; or a function `(request, response, seen)` that answers itself.
 * @returns `{url, requests}`; a request is `{method, target, headers, body}`.
 */
export async function fakeServer(t, ...answers) {
    const requests = [];
    const server = http.createServer(async (request, response) => {
        const seen = { method: request.method, target: request.url, headers: request.headers, body: '' };
        requests.push(seen);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        if (typeof answer === 'function' && answer.early) return answer(request, response, seen);
        const chunks = [];
        for await (const chunk of request) chunks.push(chunk);
        seen.body = Buffer.concat(chunks);
        if (typeof answer === 'function') return answer(request, response, seen);
        reply(response, answer);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.closeAllConnections?.();
        server.close();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, requests, server };
}

export function reply(response, { status = 200, headers = {}, body = {} }) {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(text);
}

/** Reads the request and closes the connection. */
export const hangUp = (request) => request.socket.destroy();

/** Answers before the body is read. */
export function early(answer) {
    return Object.assign(answer, { early: true });
}

export function error(status, code, more = {}) {
    const { headers, ...members } = more;
    return { status, headers, body: { error: 'A title', message: `It is ${code}`, code, request_id: 'req-1', ...members } };
}

/** A clock that advances only by sleeps, without waiting; the random factor is always 0. */
export function fakeClock() {
    const clock = {
        time: 0,
        slept: [],
        now: () => clock.time,
        async sleep(ms, signal) {
            signal?.throwIfAborted();
            clock.slept.push(ms);
            clock.time += ms;
        },
        random: () => 0,
    };
    return clock;
}

export async function vectors(name) {
    return JSON.parse(await readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
}
