// Results lot by lot: constant memory, continuation after cut replies, slow readers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Client, InvalidReplyError, JobEndedError, RequestTimeoutError, TransportError } from '../src/index.js';
import { error, fakeClock, fakeServer } from './support/fake-server.js';
import { run } from './support/run.js';

const KEY = 'a-shared-key-of-32-characters-or-more';
const JOB = '550e8400-e29b-41d4-a716-446655440000';
const HEAD = { job_id: JOB, status: 'completed', processing_summary: { total_lots: 5 } };

function documentOf(lots) {
    return JSON.stringify({ ...HEAD, results: { version: '1.0.0', lots } });
}

const LOTS = Array.from({ length: 5 }, (_, number) => ({ lot_id: `лот ${number}`, descriptions: [{ damages: '<p>]}"\\</p>' }] }));

/** Sends this many bytes of the results and closes the connection. */
function cutAt(bytes) {
    return (request, response) => {
        response.writeHead(200);
        response.write(Buffer.from(documentOf(LOTS)).subarray(0, bytes), () => request.socket.destroy());
    };
}

function streamOf(server, options = {}, call = {}) {
    const clock = fakeClock();
    return Object.assign(new Client(server.url, KEY, { clock, ...options }).streamResults(JOB, call), { clock });
}

async function all(stream) {
    const lots = [];
    for await (const lot of stream) lots.push(lot);
    return lots;
}

test('lots are yielded one by one; the rest of the document follows them', async (t) => {
    const server = await fakeServer(t, { body: documentOf(LOTS) });
    const stream = streamOf(server);
    assert.equal(stream.document, null);
    assert.deepEqual(await all(stream), LOTS);
    assert.deepEqual(stream.document, { ...HEAD, results: { version: '1.0.0', lots: [] } });
    assert.equal(server.requests[0].target, `/api/v1/batch-results/${JOB}`);
});

test('reading continues at the next lot after a cut reply', async (t) => {
    const length = Buffer.from(documentOf(LOTS)).length;
    const cuts = [10, 150, 260, 260, length - 1].map(cutAt);
    const server = await fakeServer(t, ...cuts, { body: documentOf(LOTS) });
    const stream = streamOf(server);
    assert.deepEqual(await all(stream), LOTS);
    assert.equal(server.requests.length, 6);
    assert.equal(stream.document.processing_summary.total_lots, 5);
});

test('it gives up if replies bring nothing new', async (t) => {
    const server = await fakeServer(t, cutAt(200), cutAt(200));
    const stream = streamOf(server, { retry: { attempts: 4 } });
    const lots = [];
    await assert.rejects(async () => { for await (const lot of stream) lots.push(lot); }, TransportError);
    assert.deepEqual(lots, LOTS.slice(0, lots.length));
    assert.equal(server.requests.length, 4);
    assert.equal(stream.document, null);
});

test('no results: the error of the first reply', async (t) => {
    const server = await fakeServer(t, error(409, 'JOB_CANCELLED', { status: 'cancelled' }));
    await assert.rejects(all(streamOf(server)), JobEndedError);
});

test('a complete reply with another document is not requested again', async (t) => {
    for (const body of ['{}', '[]', `${documentOf(LOTS)}]`, documentOf(LOTS).slice(0, -1), '{"results":{"lots":[{"a":}]}}']) {
        const server = await fakeServer(t, { body });
        await assert.rejects(all(streamOf(server)), InvalidReplyError, body);
        assert.equal(server.requests.length, 1);
    }
});

test('a reader that takes longer than the longest silence loses nothing; a silent service is an error', async (t) => {
    // Larger than the sockets' buffers, so that the sender waits for the reader.
    const many = Array.from({ length: 200 }, (_, number) => ({ lot_id: `${number}`, text: 'x'.repeat(100_000) }));
    const server = await fakeServer(t, { body: documentOf(many) });
    let read = 0;
    for await (const lot of streamOf(server, { idleMs: 4000 })) {
        assert.equal(lot.lot_id, `${read}`);
        // Real time, because silence is measured in it.
        if (read === 3) await new Promise((resolve) => { setTimeout(resolve, 5500); });
        read += 1;
    }
    assert.equal(read, 200);
    assert.equal(server.requests.length, 1);

    const silent = await fakeServer(t, (_, response) => {
        response.writeHead(200);
        response.write(documentOf(LOTS).slice(0, 100));
    });
    await assert.rejects(all(streamOf(silent, { idleMs: 500, retry: { attempts: 1 } })), RequestTimeoutError);
});

test('100 MB of results in a heap of 16 MB', async (t) => {
    const lot = `${JSON.stringify({ lot_id: 'a', text: 'é'.repeat(10_000) })}`;
    const server = await fakeServer(t, async (_, response) => {
        response.writeHead(200);
        for (let number = 0; number < 5000; number += 1) {
            const isFree = response.write(number === 0 ? `{"results":{"lots":[${lot}` : `,${lot}`);
            if (!isFree) await once(response, 'drain');
        }
        response.end(']}}');
    });
    const { lots, bytes, document, buffersMax, residentMax } = await run('large-results.js', 16, { BASE_URL: server.url });
    t.diagnostic(`buffers ${buffersMax} bytes at most, resident ${residentMax}`);
    assert.deepEqual([lots, bytes, document], [5000, 50_000_000, { results: { lots: [] } }]);
    // The garbage collector lets some read data gather, far less than all of it.
    assert.ok(buffersMax < 25e6, `${buffersMax} bytes of buffers`);
});

test('an early exit closes the connection; an abort ends it with its reason', async (t) => {
    const closed = [];
    const endless = (request, response) => {
        request.socket.once('close', () => closed.push(request.url));
        response.writeHead(200);
        response.write('{"results":{"lots":[');
        const more = () => { while (!response.destroyed && response.write('{"lot_id":"a"},')); };
        response.on('drain', more);
        more();
    };
    const server = await fakeServer(t, endless);
    let read = 0;
    for await (const _ of streamOf(server)) {
        read += 1;
        if (read === 1000) break;
    }
    const controller = new AbortController();
    await assert.rejects(async () => {
        for await (const _ of streamOf(server, {}, { signal: controller.signal })) {
            read += 1;
            if (read === 2000) controller.abort(new RangeError('enough'));
        }
    }, RangeError);
    while (closed.length < 2) await new Promise(setImmediate);
    assert.equal(server.requests.length, 2);
});
