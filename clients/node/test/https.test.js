// TLS: the agent's certificates are used, and an invalid certificate is not retried.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import test from 'node:test';
import { Client, TransportError } from '../src/index.js';
import { fakeClock } from './support/fake-server.js';

/** A key and a certificate for localhost, self-signed, valid for a hundred years, without other use. */
const PEM = await readFile(new URL('vectors/localhost.pem', import.meta.url));

test('over TLS', async (t) => {
    const server = https.createServer({ key: PEM, cert: PEM }, (request, response) => {
        response.end(JSON.stringify({ target: request.url }));
    });
    t.after(() => { server.closeAllConnections?.(); server.close(); });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${server.address().port}`;
    const clock = fakeClock();

    const trusting = new Client(url, 'key', { agent: new https.Agent({ ca: PEM, keepAlive: true }), clock });
    assert.deepEqual(await trusting.status('a'), { target: '/api/v1/batch-status/a' });
    trusting.close();

    const refused = (thrown) => thrown instanceof TransportError && thrown.isFinal
        && thrown.cause.code === 'DEPTH_ZERO_SELF_SIGNED_CERT';
    await assert.rejects(new Client(url, 'key', { clock }).status('a'), refused);
    assert.deepEqual(clock.slept, []);
});
