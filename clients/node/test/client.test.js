// The client against a server with scripted answers: requests, results and errors.
import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
    APIError, AuthenticationError, BatchTooLargeError, Client, ConflictError, GenerationServiceClient, InputError,
    InvalidReplyError, InvalidRequestError, JobEndedError, JobNotCompletedError, NotFoundError, ServerError, TransportError,
    WaitTimeoutError, sign,
} from '../src/index.js';
import {
    JOB, KEY, LOT, accepted, clientOf, error, fakeClock, fakeServer, folder, reply,
} from './support/fake-server.js';

// Requests

test('C1.3: a generation signs the raw body and announces its length', async (t) => {
    const server = await fakeServer(t, { body: { lots: [] } });
    await clientOf(server).describe(LOT, { languages: ['en', 'de'] });
    const [request] = server.requests;
    assert.equal(request.method, 'POST');
    assert.equal(request.target, '/api/v1/generate-descriptions');
    assert.equal(request.headers['x-signature'], sign(KEY, request.body));
    assert.equal(request.headers['content-length'], String(request.body.length));
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.headers['user-agent'], 'GenerationServiceClient-JS/1.0');
    assert.equal(request.headers.prefer, undefined);
    assert.match(request.headers['idempotency-key'], /^[0-9a-f-]{36}$/);
    assert.deepEqual(JSON.parse(request.body), { lots: [LOT], version: '1.0.0', languages: ['en', 'de'] });
});

test('C1.5: a request about a job signs its id as in the path', async (t) => {
    const server = await fakeServer(t, { body: {} }, { body: {} }, { body: {} }, { body: {} }, { status: 202 });
    const client = clientOf(server);
    await client.status(JOB);
    await client.results('ж/?');
    await client.cancel(JOB);
    await client.webhookDeliveries(JOB);
    await client.redeliver('delivery-1');
    assert.deepEqual(server.requests.map((request) => [request.method, request.target, request.headers['x-signature']]), [
        ['GET', `/api/v1/batch-status/${JOB}`, sign(KEY, JOB)],
        ['GET', '/api/v1/batch-results/%D0%B6%2F%3F', sign(KEY, '%D0%B6%2F%3F')],
        ['POST', `/api/v1/batch-jobs/${JOB}/cancel`, sign(KEY, JOB)],
        ['GET', `/api/v1/batch-jobs/${JOB}/webhook-deliveries`, sign(KEY, JOB)],
        ['POST', '/api/v1/webhook-deliveries/delivery-1/redeliver', sign(KEY, 'delivery-1')],
    ]);
});

test('C1.5: the list signs its target, which is sent unchanged; a path of the base URL is not signed', async (t) => {
    const page = { body: { jobs: [], pagination: { has_more: false } } };
    const server = await fakeServer(t, page);
    const client = new Client(`${server.url}/behind/a proxy/`, KEY, { clock: fakeClock() });
    await client.listJobs({
        status: 'completed', limit: 5, offset: 10, createdAfter: new Date(0), createdBefore: '2026-01-01T00:00:00+01:00',
    });
    await client.listJobs();
    const targets = server.requests.map((request) => request.target.replace(/^\/behind\/a%20proxy/, ''));
    assert.deepEqual(targets, [
        '/api/v1/batch-jobs?status=completed&limit=5&offset=10&created_after=1970-01-01T00%3A00%3A00.000Z'
            + '&created_before=2026-01-01T00%3A00%3A00%2B01%3A00',
        '/api/v1/batch-jobs',
    ]);
    server.requests.forEach((request, index) => assert.equal(request.headers['x-signature'], sign(KEY, targets[index])));
});

test('a batch from a generator has the same body as from an array, and its file is deleted', async (t) => {
    const spoolDirectory = await folder(t);
    const server = await fakeServer(t, async (request, response) => {
        // During the upload the file has no name any more.
        assert.deepEqual(await readdir(spoolDirectory), []);
        reply(response, accepted);
    });
    const client = clientOf(server, { spoolDirectory });
    const lots = Array.from({ length: 3000 }, (_, number) => ({
        ...LOT, lot_id: `лот ${number}`, additional_info: 'x'.repeat(500),
    }));
    async function* generated() { yield* lots; }
    const job = await client.createBatch(generated(), { languages: ['en'], idempotencyKey: 'my-key' });
    await client.createBatch(lots, { languages: ['en'] });
    assert.equal(job.job_id, JOB);
    const [first, second] = server.requests;
    assert.ok(first.body.length > 1.5e6, 'large enough for a file and for asking first');
    assert.deepEqual(first.body, second.body);
    assert.deepEqual(JSON.parse(first.body), { lots, version: '1.0.0', languages: ['en'] });
    assert.equal(first.headers['x-signature'], sign(KEY, first.body));
    assert.equal(first.headers['content-length'], String(first.body.length));
    assert.equal(first.headers.expect, '100-continue');
    assert.equal(first.headers.prefer, 'respond-async');
    assert.equal(first.headers['idempotency-key'], 'my-key');
    assert.deepEqual(await readdir(spoolDirectory), []);
});

test('a batch from a file: lines, an array, a request', async (t) => {
    const server = await fakeServer(t, accepted);
    const client = clientOf(server);
    const path = await folder(t);
    const lots = [{ ...LOT, lot_id: 'é "1"' }, { ...LOT, lot_id: '2' }];
    // A number that JavaScript cannot represent stays unchanged.
    const text = lots.map((lot) => JSON.stringify(lot).replace('{', '{"big":12345678901234567890123,'));
    const files = {
        'a.ndjson': `\ufeff${text[0]}\r\n\n${text[1]}`, 'b.json': `[${text}]`,
        'c.json': `{"signature":"sha256=0","languages":["de"],"lots":[ ${text.join(' , ')} ],"version":"1.2.0"}`,
    };
    for (const [name, content] of Object.entries(files)) {
        await writeFile(join(path, name), content);
        await client.createBatchFromFile(join(path, name));
    }
    await client.createBatchFromFile(join(path, 'c.json'), { languages: ['fr'] });
    const bodies = server.requests.map((request) => request.body.toString());
    for (const body of bodies) {
        assert.equal(body.match(/"big":12345678901234567890123,/g).length, 2);
        assert.deepEqual(JSON.parse(body).lots.map((lot) => lot.lot_id), ['é "1"', '2']);
    }
    const settings = bodies.map((body) => { const { lots: _, ...rest } = JSON.parse(body); return rest; });
    assert.deepEqual(settings, [
        { version: '1.0.0' }, { version: '1.0.0' }, { version: '1.2.0', languages: ['de'] },
        { version: '1.2.0', languages: ['fr'] },
    ]);
});

test('invalid arguments are refused before anything is sent, and leave no file', async (t) => {
    const server = await fakeServer(t, accepted);
    const path = await folder(t);
    const client = clientOf(server, { spoolDirectory: path, maxBodyBytes: 2e6 });
    const loop = {}; loop.loop = loop;
    for (const lots of [[], [1], [null], [[LOT]], [LOT, { ...LOT, n: 1n }], [loop], 'text', null, undefined, LOT]) {
        await assert.rejects(client.createBatch(lots), InputError);
    }
    function* endless() { for (;;) yield { ...LOT, additional_info: 'x'.repeat(1000) }; }
    await assert.rejects(client.createBatch(endless()), BatchTooLargeError);
    function* failing() { yield* Array(1000).fill({ ...LOT, text: 'x'.repeat(1000) }); throw new RangeError('no more'); }
    await assert.rejects(client.createBatch(failing()), RangeError);
    const files = { 'a.ndjson': '{"lot_id":1}\n{', 'b.json': '[{}', 'c.json': '{"lots":[1]}', 'd.txt': '{}' };
    for (const [name, content] of Object.entries(files)) {
        await writeFile(join(path, name), content);
        await assert.rejects(client.createBatchFromFile(join(path, name)), (thrown) => {
            assert.ok(thrown instanceof InputError);
            assert.ok(thrown.message.includes(name), thrown.message);
            return true;
        });
    }
    await assert.rejects(client.createBatchFromFile(join(path, 'none.json')), { code: 'ENOENT' });
    await assert.rejects(client.status(''), InputError);
    await assert.rejects(client.describe({ ...LOT, webhook: 'https://example.com' }), InputError);
    for (const url of ['', 'localhost:5000', 'ftp://a', 'http://u:p@a', 'http://a/?q']) {
        assert.throws(() => new Client(url, KEY), InputError);
    }
    assert.throws(() => new Client(server.url, ''), InputError);
    assert.equal(server.requests.length, 0);
    assert.deepEqual((await readdir(path)).sort(), ['a.ndjson', 'b.json', 'c.json', 'd.txt']);
});

// Errors

test('C4.1: an error reply throws the class of its status, with the members of the reply', async (t) => {
    const kinds = [
        [400, 'INVALID_FIELD', InvalidRequestError], [401, 'MISSING_SIGNATURE', AuthenticationError],
        [403, 'INVALID_SIGNATURE', AuthenticationError], [404, 'JOB_NOT_FOUND', NotFoundError],
        [409, 'JOB_FAILED', JobEndedError], [409, 'DUPLICATE_LOT_ID', ConflictError],
        [413, 'BATCH_SIZE_EXCEEDED', InvalidRequestError], [422, 'IDEMPOTENCY_KEY_REUSED', InvalidRequestError],
        [500, 'OPENAI_API_ERROR', ServerError], [502, 'OPENAI_UNAVAILABLE', ServerError], [504, 'OPENAI_TIMEOUT', ServerError],
    ];
    for (const [status, code, kind] of kinds) {
        const server = await fakeServer(t, error(status, code, { details: { path: 'lots[1].lot_id' } }));
        const client = clientOf(server);
        await assert.rejects(client.createBatch([LOT]), (thrown) => {
            assert.equal(thrown.constructor, kind);
            assert.ok(thrown instanceof APIError);
            const { name, status: said, message, details, requestId, retryAfter, title, body } = thrown;
            assert.deepEqual(
                { name, said, code: thrown.code, message, details, requestId, retryAfter, title, bodyCode: body.code },
                { name: kind.name, said: status, code, message: `It is ${code}`, details: { path: 'lots[1].lot_id' },
                    requestId: 'req-1', retryAfter: null, title: 'A title', bodyCode: code });
            return true;
        });
        assert.equal(server.requests.length, 1, `${status} is not tried again`);
    }
});

test('a proxy\'s error is an error as well; a redirect is not followed', async (t) => {
    const server = await fakeServer(
        t, { status: 500, body: '<html>oops', headers: { 'x-request-id': 'r' } }, { status: 302, headers: { location: '/' } });
    const client = clientOf(server);
    await assert.rejects(client.status(JOB), (thrown) => thrown instanceof ServerError && thrown.code === 'HTTP_500'
        && thrown.text === '<html>oops' && thrown.body === null && thrown.requestId === 'r');
    await assert.rejects(client.status(JOB), { code: 'HTTP_302' });
    assert.equal(server.requests.length, 2);
});

test('results before the end: 202 throws with the progress', async (t) => {
    const server = await fakeServer(
        t, error(202, 'JOB_NOT_COMPLETED', { status: 'processing', progress: { completion_percentage: 45 } }));
    await assert.rejects(clientOf(server).results(JOB), (thrown) => thrown instanceof JobNotCompletedError
        && thrown.body.progress.completion_percentage === 45);
});

test('a reply that is not JSON', async (t) => {
    const server = await fakeServer(t, { body: 'hello' });
    await assert.rejects(clientOf(server).status(JOB), InvalidReplyError);
});

// Jobs

test('wait reports every status and ends with the job, or throws with the last one', async (t) => {
    const at = (status, processed) => ({ body: { job_id: JOB, status, progress: { processed_lots: processed } } });
    const server = await fakeServer(t, at('pending', 0), at('processing', 1), at('failed', 2), at('processing', 1));
    const client = clientOf(server);
    const seen = [];
    const ended = await client.wait(JOB, { intervalMs: 4000, onProgress: (status) => seen.push(status.progress.processed_lots) });
    assert.equal(ended.status, 'failed');
    assert.deepEqual(seen, [0, 1, 2]);
    assert.deepEqual(client.clock.slept, [4000, 4000]);
    await assert.rejects(client.wait(JOB, { intervalMs: 4000, timeoutMs: 10_000 }), (thrown) => thrown instanceof WaitTimeoutError
        && thrown.status.status === 'processing');
    assert.deepEqual(client.clock.slept, [4000, 4000, 4000, 4000, 2000]);
});

test('iterateJobs reads all pages, yields no job twice, and leaves out jobs created meanwhile', async (t) => {
    const page = (ids, more) => ({
        body: { jobs: ids.map((id) => ({ id, created_at: `at-${id}` })), pagination: { has_more: more } },
    });
    // A job of the same second was added: "3" moves to the second page.
    const server = await fakeServer(t, page(['5', '4', '3'], true), page(['3', '2', '1'], true), page(['0'], false));
    const ids = [];
    for await (const job of clientOf(server).iterateJobs({ limit: 3, status: 'completed' })) ids.push(job.id);
    assert.deepEqual(ids, ['5', '4', '3', '2', '1', '0']);
    assert.deepEqual(server.requests.map((request) => request.target.split('?')[1]), [
        'status=completed&limit=3&offset=0', 'status=completed&limit=3&offset=3&created_before=at-5',
        'status=completed&limit=3&offset=6&created_before=at-5',
    ]);
});

test('the document\'s class: its return shapes for errors', async (t) => {
    const server = await fakeServer(t, error(422, 'INVALID_IMAGE_URLS'));
    const client = new GenerationServiceClient(`${server.url}/`, KEY, { clock: fakeClock() });
    const text = JSON.stringify(error(422, 'INVALID_IMAGE_URLS').body);
    const synchronous = await client.syncGenerate('a', 'b', ['https://example.com/a.jpg']);
    assert.deepEqual(synchronous, { data: JSON.parse(text), status: 422 });
    assert.deepEqual(JSON.parse(server.requests[0].body).languages, ['en']);
    const cars = [{ lotId: 'a', additionalInfo: 'b', imageUrls: [] }];
    assert.deepEqual(await client.batchGenerate(cars), { jobId: null, error: text });
    assert.deepEqual(await client.getJobStatus(JOB), { data: null, error: text });
    assert.deepEqual(await client.getJobResults(JOB), { data: null, error: text });
    assert.deepEqual(await client.pollForCompletion(JOB), { data: null, error: text });

    const jobs = await fakeServer(
        t, error(202, 'JOB_NOT_COMPLETED'), { body: { status: 'failed', error_message: 'No lot' } },
        { body: { status: 'cancelled' } }, { body: { status: 'processing' } });
    const polling = new GenerationServiceClient(jobs.url, KEY, { clock: fakeClock() });
    assert.deepEqual(await polling.getJobResults(JOB), { data: null, error: 'Job not completed yet' });
    assert.deepEqual(await polling.pollForCompletion(JOB), { data: null, error: 'Job failed: No lot' });
    assert.deepEqual(await polling.pollForCompletion(JOB), { data: null, error: 'Job cancelled: Unknown error' });
    assert.deepEqual(await polling.pollForCompletion(JOB, 30000, 90000), { data: null, error: 'Timeout after 90000ms' });

    jobs.server.close();
    jobs.server.closeAllConnections();
    await assert.rejects(polling.getJobStatus(JOB), TransportError, 'what never reached the service is thrown, as fetch does');
});

test('download: the file is complete or absent', async (t) => {
    const half = (request, response) => {
        response.writeHead(200, { 'Content-Length': '20' });
        response.write('{"half":');
        setImmediate(() => request.socket.destroy());
    };
    const directory = await folder(t);
    const path = join(directory, 'results.json');
    await writeFile(path, 'what was there before');
    const broken = await fakeServer(t, half);
    await assert.rejects(clientOf(broken).download(JOB, path), TransportError);
    assert.equal(await readFile(path, 'utf8'), 'what was there before');
    const refusing = await fakeServer(t, error(409, 'JOB_CANCELLED'));
    await assert.rejects(clientOf(refusing).download(JOB, path), JobEndedError);
    assert.deepEqual(await readdir(directory), ['results.json']);

    const server = await fakeServer(t, half, { body: '{"whole":"é"}' });
    assert.deepEqual(await clientOf(server).download(JOB, path), { path, bytes: 14 });
    assert.equal(await readFile(path, 'utf8'), '{"whole":"é"}');
    assert.equal(server.requests[1].target, `/api/v1/batch-results/${JOB}/download`);
    assert.deepEqual(await readdir(directory), ['results.json']);
});
