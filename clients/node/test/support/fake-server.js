// A server that answers as a test says, and keeps what it was asked.
import http from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/**
 * @param t the test; the server ends with it.
 * @param answers one a request, the last one again for all further ones: `{status, headers, body}`, where an object as body is
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

/** Takes the request and hangs up. */
export const hangUp = (request) => request.socket.destroy();

/** Answers before the body is read. */
export function early(answer) {
    return Object.assign(answer, { early: true });
}

export function error(status, code, more = {}) {
    const { headers, ...members } = more;
    return { status, headers, body: { error: 'A title', message: `It is ${code}`, code, request_id: 'req-1', ...members } };
}

/** A clock that goes forward only by what is slept, without waiting; chance is always 0. */
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
