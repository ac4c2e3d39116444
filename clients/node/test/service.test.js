// Against the running service. Environment (set by Tests/ServiceTests/node_client_test.py): BASE_URL, SHARED_KEY,
// IMAGES_URL (every .jpg below it is a picture); LIMITED_URL, a second instance with 3 polls per minute, and LIMITED_SPOOL,
// its folder for large bodies; OPENAI_STATE_URL, the simulated OpenAI's address.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
    AuthenticationError, Client, GenerationServiceClient, InvalidRequestError, JobEndedError, JobNotCompletedError, NotFoundError,
    RateLimitError, receiveWebhook, verifyDocumentSignature,
} from '../src/index.js';
import { systemClock } from '../src/clock.js';
import { losingProxy } from './support/losing-proxy.js';
import { run } from './support/run.js';

const { BASE_URL, SHARED_KEY, IMAGES_URL, LIMITED_URL, LIMITED_SPOOL, OPENAI_STATE_URL } = process.env;
const options = { skip: !BASE_URL && 'BASE_URL is not set: no service to test against' };
const image = (number) => `${IMAGES_URL}/${number}.jpg`;
const lotsNamed = (name, count) => Array.from({ length: count }, (_, number) => ({
    lot_id: `${name}-${number}`, additional_info: `«${number}»`, images: [{ url: image(number) }],
}));
const newClient = (more = {}) => new Client(BASE_URL, SHARED_KEY, more);

/** Until the end of the test the simulated OpenAI does not report its batches: no job ends, even in a slow test. */
async function holdBatches(t) {
    const set = async (routes) => {
        const faults = OPENAI_STATE_URL.replace('/_sim/state', '/_sim/faults');
        const reply = await fetch(faults, { method: 'POST', body: JSON.stringify({ routes }) });
        assert.equal(reply.status, 200);
    };
    t.after(() => set([]));
    await set([{ route: 'GET /v1/batches/{id}', fault: 'status', status: 500 }]);
}

/** A webhook receiver in this process; `next()` is the next delivery, verified. */
async function receiver(t) {
    const waiting = [];
    const deliveries = [];
    const server = http.createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        const verified = receiveWebhook(request, SHARED_KEY).then((webhook) => {
            const body = Buffer.concat(chunks);
            return { webhook, isDocuments: verifyDocumentSignature(body, request.headers['x-signature'], SHARED_KEY) };
        });
        verified.then(() => 204, () => 403).then((status) => response.writeHead(status === 204 ? 200 : status).end());
        if (waiting.length > 0) waiting.shift()(verified);
        else deliveries.push(verified);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => { server.closeAllConnections?.(); server.close(); });
    return {
        url: `http://127.0.0.1:${server.address().port}/hook`,
        next: () => deliveries.shift() ?? new Promise((resolve) => { waiting.push(resolve); }),
    };
}

test('the document\'s usage: one car within the call, and a batch with polling', options, async (t) => {
    const hook = await receiver(t);
    const client = new GenerationServiceClient(BASE_URL, SHARED_KEY);
    const sync = await client.syncGenerate(
        'node-sync', '2020 Honda Civic, side collision damage', [image(1), image(2)], ['en', 'fr']);
    assert.equal(sync.status, 200);
    assert.equal(sync.data.processing_mode, 'synchronous');
    assert.deepEqual(sync.data.lots[0].descriptions.map((each) => each.language), ['en', 'fr']);

    const cars = [{ lotId: 'node-doc', additionalInfo: 'Ford F-150 assessment', imageUrls: [image(3)] }];
    const { jobId, error } = await client.batchGenerate(cars, ['en', 'es'], hook.url);
    assert.equal(error, null);
    const { data: status } = await client.getJobStatus(jobId);
    assert.equal(status.progress.total_lots, 1);
    const seen = [];
    const { data: results, error: pollError } = await client.pollForCompletion(
        jobId, 200, 60_000, (each) => seen.push(each.status));
    assert.equal(pollError, null);
    assert.equal(results.processing_summary.processed_lots, 1);
    assert.equal(results.results.lots[0].lot_id, 'node-doc');
    assert.equal(seen[seen.length - 1], 'completed');
    // Also without a webhook: the service would describe a single lot within the request.
    const single = await client.batchGenerate(cars.values());
    assert.equal((await client.pollForCompletion(single.jobId, 200)).data.results.lots.length, 1);
});

test('refusals: the error has the members of the reply', options, async () => {
    const client = newClient();
    const missing = randomUUID();
    await assert.rejects(client.status(missing), (thrown) => thrown instanceof NotFoundError && thrown.code === 'JOB_NOT_FOUND'
        && thrown.status === 404 && thrown.requestId.length > 0);
    await assert.rejects(client.status('not/an id ж'), { code: 'JOB_NOT_FOUND' }, 'its signature held');
    const unusable = { lot_id: 'a', images: [{ url: 'ftp://example.com/a.jpg' }] };
    await assert.rejects(client.describe(unusable), { code: 'INVALID_IMAGE_URLS' });
    await assert.rejects(client.createBatch([{ lot_id: 'a' }, { lot_id: 'a' }]), (thrown) => thrown instanceof InvalidRequestError
        && JSON.stringify(thrown.details).includes('lots[0].images'));
    await assert.rejects(client.listJobs({ limit: 101 }), { code: 'INVALID_PARAMETER' });
    const stranger = new Client(BASE_URL, 'x'.repeat(40));
    await assert.rejects(stranger.listJobs({ status: 'failed' }), AuthenticationError);
    await assert.rejects(stranger.createBatch(lotsNamed('stranger', 2)), { code: 'INVALID_SIGNATURE' });
    const { data, status } = await new GenerationServiceClient(BASE_URL, 'x'.repeat(40)).syncGenerate('a', 'b', [image(1)]);
    assert.deepEqual([data.code, status], ['INVALID_SIGNATURE', 403]);
});

test('5,000 lots, 20 MB, from a generator in a heap of 16 MB', options, async (t) => {
    await holdBatches(t);
    const folder = await mkdtemp(join(tmpdir(), 'generation-client-test-'));
    t.after(() => rm(folder, { recursive: true }));
    const { job, buffersMax, residentMax } = await run('large-batch.js', 16, { TMPDIR: folder }, '5000', '4000');
    t.diagnostic(`buffers ${buffersMax} bytes at most, resident ${residentMax}`);
    assert.equal(job.total_lots, 5000);
    assert.ok(buffersMax < 2e6, `${buffersMax} bytes of buffers`);
    assert.deepEqual(await readdir(folder), [], 'the file of the body is gone');
    await newClient().cancel(job.job_id);
});

test('500 results: whole, one by one, and as a file', options, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'generation-client-test-'));
    t.after(() => rm(folder, { recursive: true }));
    const client = newClient();
    const lots = lotsNamed('node-500', 500);
    const job = await client.createBatch(lots.values(), { languages: ['de', 'en'] });
    assert.equal((await client.wait(job.job_id, { intervalMs: 200, timeoutMs: 120_000 })).status, 'completed');
    const whole = await client.results(job.job_id);
    assert.deepEqual(whole.results.lots.map((lot) => lot.lot_id), lots.map((lot) => lot.lot_id));
    assert.deepEqual(whole.results.lots[499].descriptions.map((each) => each.language), ['de', 'en']);
    const stream = client.streamResults(job.job_id);
    const one = [];
    for await (const lot of stream) one.push(lot);
    assert.deepEqual(one, whole.results.lots);
    assert.deepEqual(stream.document, { ...whole, results: { ...whole.results, lots: [] } });
    const path = join(folder, 'results.json');
    const { bytes } = await client.download(job.job_id, path);
    const file = await readFile(path);
    assert.equal(file.length, bytes);
    assert.deepEqual(JSON.parse(file), whole);
});

test('C3.1: a full class is 429, which is retried after its Retry-After', options, async () => {
    const slept = [];
    const clock = { ...systemClock, sleep: async (ms) => { slept.push(ms); }, random: () => 0 };
    const client = new Client(LIMITED_URL, SHARED_KEY, { clock, retry: { attempts: 3 } });
    for (let count = 0; count < 3; count += 1) await client.listJobs({ limit: 1 });
    await assert.rejects(client.listJobs({ limit: 1 }), (thrown) => {
        assert.ok(thrown instanceof RateLimitError);
        assert.equal(thrown.code, 'RATE_LIMIT_EXCEEDED');
        assert.ok(thrown.retryAfter > 0 && thrown.retryAfter <= 60, `${thrown.retryAfter}`);
        assert.equal(slept.length, 2);
        for (const ms of slept) assert.ok(ms >= thrown.retryAfter * 1000 && ms <= 60_000, `${ms}`);
        return true;
    });
});

test('C4.5: a service that cannot accept a large body now answers 503; the same body is sent again', options, async (t) => {
    await holdBatches(t);
    await rm(LIMITED_SPOOL, { recursive: true });
    t.after(() => mkdir(LIMITED_SPOOL, { recursive: true }));
    const slept = [];
    const clock = {
        ...systemClock, random: () => 0,
        // Replaces the wait: frees the service.
        sleep: async (ms) => { slept.push(ms); await mkdir(LIMITED_SPOOL); },
    };
    const lots = lotsNamed('node-503', 2000).map((lot) => ({ ...lot, additional_info: 'x'.repeat(1000) }));
    const client = new Client(LIMITED_URL, SHARED_KEY, { clock });
    const job = await client.createBatch(lots, { languages: ['en'] });
    assert.equal(job.total_lots, 2000);
    assert.deepEqual(slept, [5000]);
    await newClient().cancel(job.job_id);
});

test('C2.7: a batch with two lost replies is one job', options, async (t) => {
    await holdBatches(t);
    const proxy = await losingProxy(t, BASE_URL, 2);
    const since = new Date(Date.now() - 1000);
    const through = new Client(proxy.url, SHARED_KEY, { retry: { baseMs: 10 } });
    const job = await through.createBatch(lotsNamed('node-lost', 7), { languages: ['en'] });
    assert.equal(proxy.lost(), 2);
    const same = [];
    for await (const each of newClient().iterateJobs({ createdAfter: since })) if (each.total_lots === 7) same.push(each.id);
    assert.deepEqual(same, [job.job_id]);
    await newClient().cancel(job.job_id);
});

test('C2.7: the caller\'s key gives the same reply again, also of a single lot; another body is an error', options, async (t) => {
    await holdBatches(t);
    const client = newClient();
    const [lots, idempotencyKey] = [lotsNamed('node-key', 3), randomUUID()];
    const first = await client.createBatch(lots, { idempotencyKey });
    assert.deepEqual(await client.createBatch(lots, { idempotencyKey }), first);
    await assert.rejects(client.createBatch(lots.slice(1), { idempotencyKey }), { code: 'IDEMPOTENCY_KEY_REUSED', status: 422 });
    await client.cancel(first.job_id);

    const proxy = await losingProxy(t, BASE_URL, 1);
    const through = new Client(proxy.url, SHARED_KEY, { retry: { baseMs: 10 } });
    const key = randomUUID();
    const [lot] = lotsNamed('node-key-sync', 1);
    const reply = await through.describe(lot, { languages: ['en'], idempotencyKey: key });
    assert.equal(proxy.lost(), 1);
    assert.deepEqual(await client.describe(lot, { languages: ['en'], idempotencyKey: key }), reply);
});

test('C4.3: cancelling; also when its reply is lost', options, async (t) => {
    await holdBatches(t);
    const client = newClient();
    const job = await client.createBatch(lotsNamed('node-cancel', 50));
    await assert.rejects(client.results(job.job_id), JobNotCompletedError);
    const proxy = await losingProxy(t, BASE_URL, 1);
    const cancelled = await new Client(proxy.url, SHARED_KEY, { retry: { baseMs: 10 } }).cancel(job.job_id);
    assert.equal(proxy.lost(), 1);
    assert.deepEqual([cancelled.job_id, cancelled.status, cancelled.cancelled_at], [job.job_id, 'cancelled', null]);
    await assert.rejects(client.cancel(job.job_id), { code: 'JOB_ALREADY_CANCELLED' });
    await assert.rejects(client.results(job.job_id), (thrown) => thrown instanceof JobEndedError
        && thrown.code === 'JOB_CANCELLED');
    assert.equal((await client.wait(job.job_id)).status, 'cancelled');
});

test('a batch from a file; the list; waiting with progress and with a time limit', options, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'generation-client-test-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'lots.ndjson');
    await writeFile(path, lotsNamed('node-file', 25).map((lot) => JSON.stringify(lot)).join('\n'));
    const client = newClient();
    const job = await client.createBatchFromFile(path, { languages: ['en'] });
    assert.equal(job.total_lots, 25);
    const processed = [];
    const onProgress = ({ progress }) => processed.push(progress.processed_lots);
    const ended = await client.wait(job.job_id, { intervalMs: 100, onProgress });
    assert.equal(ended.status, 'completed');
    assert.deepEqual(processed, [...processed].sort((a, b) => a - b));
    assert.equal(processed[processed.length - 1], 25);
    const page = await client.listJobs({
        createdAfter: job.created_at, createdBefore: new Date(), status: 'completed', limit: 100,
    });
    assert.ok(page.jobs.some((each) => each.id === job.job_id));
    const ids = [];
    for await (const each of client.iterateJobs({ limit: 2 })) ids.push(each.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.includes(job.job_id));

    await holdBatches(t);
    const other = await client.createBatch(lotsNamed('node-wait', 5));
    await assert.rejects(client.wait(other.job_id, { timeoutMs: 0 }), { code: 'WAIT_TIMEOUT' });
    const controller = new AbortController();
    const waiting = client.wait(other.job_id, {
        intervalMs: 60_000, signal: controller.signal, onProgress: () => controller.abort(),
    });
    await assert.rejects(waiting, { name: 'AbortError' });
    await client.cancel(other.job_id);
});

/** A job of two lots whose end has been delivered. */
async function delivered(t, client, name) {
    const hook = await receiver(t);
    const lots = lotsNamed(name, 2).map((lot) => ({ ...lot, webhook: hook.url }));
    const job = await client.createBatch(lots, { languages: ['en'] });
    return { hook, lots, job, first: await hook.next() };
}

test('C6.1, C6.4: a delivery verifies with both signatures', options, async (t) => {
    const { lots, job, first: { webhook, isDocuments } } = await delivered(t, newClient(), 'node-hook');
    assert.equal(isDocuments, true);
    assert.equal(webhook.payload.event, 'batch_job_completed');
    assert.deepEqual([webhook.jobId, webhook.payload.job_id, webhook.attempt], [job.job_id, job.job_id, 1]);
    assert.deepEqual(webhook.payload.lots.map((lot) => lot.lot_id), lots.map((lot) => lot.lot_id));
});

test('C6.3: deliveries are listed with their attempts, and sent again', options, async (t) => {
    const client = newClient();
    const { hook, job, first: { webhook } } = await delivered(t, client, 'node-again');
    // The service books the reply a moment after it was sent.
    let delivery;
    do [delivery] = await client.webhookDeliveries(job.job_id); while (delivery.status === 'pending');
    assert.deepEqual([delivery.id, delivery.status, delivery.webhook_url], [webhook.id, 'delivered', hook.url]);
    assert.deepEqual([delivery.attempts.length, delivery.attempts[0].http_status], [1, 200]);
    const streamed = [];
    for await (const each of client.streamWebhookDeliveries(job.job_id)) streamed.push(each);
    assert.deepEqual(streamed, [delivery]);
    assert.equal((await client.redeliver(delivery.id)).status, 'pending');
    const again = await hook.next();
    assert.deepEqual([again.webhook.id, again.webhook.attempt, again.webhook.payload], [webhook.id, 2, webhook.payload]);
});
