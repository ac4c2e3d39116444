// Retries, their waits and their end: against a server with scripted answers, mostly with a clock that does
// not wait.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, RateLimitError, RequestTimeoutError, ServerError, TransportError, UnavailableError } from '../src/index.js';
import { JOB, KEY, LOT, accepted, clientOf, early, error, fakeClock, fakeServer, hangUp, reply } from './support/fake-server.js';

const limited = (retryAfter) => error(429, 'RATE_LIMIT_EXCEEDED', { headers: { 'retry-after': retryAfter } });

test('429 and 503 are retried after their Retry-After, with the same key and the same bytes', async (t) => {
    const server = await fakeServer(
        t, limited('7'), error(503, 'SERVICE_UNAVAILABLE', { retry_after: 3 }), error(503, 'SERVICE_UNAVAILABLE'), accepted);
    const client = clientOf(server);
    assert.equal((await client.createBatch([LOT])).job_id, JOB);
    // The third has no Retry-After: its wait is the third of the doubling ones, halved by a random factor of
    // 0.
    assert.deepEqual(client.clock.slept, [7000, 3000, 1000]);
    assert.equal(new Set(server.requests.map((request) => request.headers['idempotency-key'])).size, 1);
    assert.equal(new Set(server.requests.map((request) => request.body.toString())).size, 1);
});

test('two calls have two keys', async (t) => {
    const server = await fakeServer(t, accepted);
    const client = clientOf(server);
    await client.createBatch([LOT]);
    await client.createBatch([LOT]);
    assert.notEqual(server.requests[0].headers['idempotency-key'], server.requests[1].headers['idempotency-key']);
});

test('waits double up to their bound, and the attempts are bounded', async (t) => {
    const server = await fakeServer(t, error(503, 'SERVICE_UNAVAILABLE'));
    const client = clientOf(server, { retry: { attempts: 9, maxMs: 8000 } });
    await assert.rejects(client.status(JOB), UnavailableError);
    assert.deepEqual(client.clock.slept, [250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
    assert.equal(server.requests.length, 9);
});

test('randomness only lengthens a Retry-After', async (t) => {
    const server = await fakeServer(t, limited('2'), error(503, 'X'), { body: {} });
    const clock = Object.assign(fakeClock(), { random: () => 1 });
    await new Client(server.url, KEY, { clock }).status(JOB);
    assert.deepEqual(clock.slept, [2500, 1000]);
});

test('a Retry-After as a date; one that is too long, or beyond the deadline, throws', async (t) => {
    const date = new Date(Date.now() + 30_000).toUTCString();
    const server = await fakeServer(t, limited(date), { body: {} }, limited('121'), limited('60'));
    const client = clientOf(server);
    await client.status(JOB);
    assert.ok(client.clock.slept[0] > 25_000 && client.clock.slept[0] <= 31_000, client.clock.slept);
    await assert.rejects(client.status(JOB), (thrown) => thrown instanceof RateLimitError && thrown.retryAfter === 121);
    await assert.rejects(client.status(JOB, { deadlineMs: 59_000 }), (thrown) => thrown.retryAfter === 60);
    assert.equal(client.clock.slept.length, 1);
});

test('C2.7: a request in progress is awaited beyond the number of attempts', async (t) => {
    const busy = error(409, 'REQUEST_IN_PROGRESS', { headers: { 'retry-after': '5' } });
    const server = await fakeServer(t, ...Array(20).fill(busy), accepted);
    const client = clientOf(server);
    assert.equal((await client.createBatch([LOT])).job_id, JOB);
    assert.equal(server.requests.length, 21);
    const endless = await fakeServer(t, busy);
    await assert.rejects(clientOf(endless, { deadlineMs: 12_000 }).createBatch([LOT]), { code: 'REQUEST_IN_PROGRESS' });
    assert.equal(endless.requests.length, 3, 'at 0, 5 and 10 s');
});

test('502 and 504 are retried on GETs only', async (t) => {
    const server = await fakeServer(t, error(502, 'X'), error(504, 'X'), { body: { fine: true } }, error(502, 'X'));
    const client = clientOf(server);
    assert.deepEqual(await client.status(JOB), { fine: true });
    await assert.rejects(client.cancel(JOB), ServerError);
    assert.equal(server.requests.length, 4);
});

test('a lost connection is retried: before the reply, in the middle of it, and without a listener', async (t) => {
    const cut = (request, response) => {
        response.writeHead(200, { 'Content-Length': '1000' });
        response.write('{"half":');
        setImmediate(() => request.socket.destroy());
    };
    const server = await fakeServer(t, hangUp, cut, { body: { whole: true } }, hangUp, accepted);
    const client = clientOf(server);
    assert.deepEqual(await client.status(JOB), { whole: true });
    assert.equal((await client.createBatch([LOT])).job_id, JOB);
    assert.equal(server.requests[3].headers['idempotency-key'], server.requests[4].headers['idempotency-key']);

    const gone = await fakeServer(t, { body: {} });
    gone.server.close();
    const alone = clientOf(gone, { retry: { attempts: 3 } });
    await assert.rejects(alone.status(JOB), (thrown) => thrown instanceof TransportError && thrown.cause.code === 'ECONNREFUSED');
    assert.equal(alone.clock.slept.length, 2);
});

test('an executed request with a lost reply is not an error', async (t) => {
    const server = await fakeServer(
        t, hangUp, error(409, 'JOB_ALREADY_CANCELLED'), error(409, 'JOB_ALREADY_CANCELLED'), hangUp, error(409, 'DELIVERY_PENDING'),
        error(409, 'DELIVERY_PENDING'));
    const client = clientOf(server);
    const { status, cancelled_at: at } = await client.cancel(JOB);
    assert.deepEqual({ status, at }, { status: 'cancelled', at: null });
    await assert.rejects(client.cancel(JOB), { code: 'JOB_ALREADY_CANCELLED' });
    assert.equal((await client.redeliver('d')).status, 'pending');
    await assert.rejects(client.redeliver('d'), { code: 'DELIVERY_PENDING' });
});

test('a refusal before the body is read, and the body is not sent', async (t) => {
    let received = 0;
    const refuse = early((request, response) => {
        request.on('data', (chunk) => { received += chunk.length; });
        reply(response, { ...error(413, 'BODY_TOO_LARGE'), headers: { Connection: 'close' } });
    });
    const server = await fakeServer(t, refuse);
    // Node's server sends 100 Continue by itself unless a handler does.
    server.server.on('checkContinue', (request, response) => server.server.emit('request', request, response));
    const client = clientOf(server);
    const lots = Array.from({ length: 10_000 }, () => ({ ...LOT, additional_info: 'x'.repeat(1000) }));
    await assert.rejects(client.createBatch(lots), { code: 'BODY_TOO_LARGE' });
    assert.equal(received, 0);
    assert.equal(server.requests.length, 1);
});

test('a large body is sent if Expect: 100-continue gets no answer', async (t) => {
    const server = await fakeServer(t, accepted);
    server.server.on('checkContinue', (request, response) => server.server.emit('request', request, response));
    const lots = Array.from({ length: 2000 }, () => ({ ...LOT, additional_info: 'x'.repeat(1000) }));
    assert.equal((await clientOf(server).createBatch(lots)).job_id, JOB);
    assert.equal(JSON.parse(server.requests[0].body).lots.length, 2000);
});

test('silence is an error, also on a reused connection', async (t) => {
    const server = await fakeServer(t, { body: {} }, () => {});
    const client = clientOf(server, { idleMs: 2500, retry: { attempts: 1 } });
    await client.status(JOB);
    await assert.rejects(client.status(JOB), RequestTimeoutError);
    assert.equal(server.requests.length, 2);
});

test('the deadline ends a running attempt', async (t) => {
    const server = await fakeServer(t, () => {});
    await assert.rejects(clientOf(server, { retry: { attempts: 1 } }).status(JOB, { deadlineMs: 2000 }), RequestTimeoutError);
    assert.equal(server.requests.length, 1);
});

test('an AbortSignal ends a call with its reason: before, during, between attempts, while lots are read', async (t) => {
    const controller = new AbortController();
    const server = await fakeServer(t, () => controller.abort(new RangeError('enough')));
    const client = clientOf(server);
    await assert.rejects(client.status(JOB, { signal: controller.signal }), RangeError);
    await assert.rejects(client.status(JOB, { signal: controller.signal }), RangeError);
    await assert.rejects(client.createBatch([LOT], { signal: controller.signal }), RangeError);
    assert.equal(server.requests.length, 1);

    const busy = await fakeServer(t, error(503, 'SERVICE_UNAVAILABLE', { retry_after: 60 }));
    const between = new AbortController();
    const waiting = new Client(busy.url, KEY).status(JOB, { signal: between.signal });
    busy.server.once('request', (_, response) => response.once('finish', () => between.abort()));
    await assert.rejects(waiting, { name: 'AbortError' });

    const reading = new AbortController();
    function* lots() { yield LOT; reading.abort(); yield LOT; assert.fail('reads on'); }
    await assert.rejects(client.createBatch(lots(), { signal: reading.signal }), { name: 'AbortError' });
});
