// Webhook verification against vectors computed by CPython (vectors/make.py).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import test from 'node:test';
import { WebhookVerificationError, receiveWebhook, verifyDocumentSignature, verifyWebhook } from '../src/index.js';
import { vectors } from './support/fake-server.js';

const V = await vectors('webhooks.json');
const { keys: KEYS, secrets: SECRETS } = V;

function headersOf(signature, more = {}) {
    return {
        'webhook-id': V.id, 'webhook-timestamp': String(V.timestamp), 'webhook-signature': signature,
        'x-signature': V.document.current, 'x-delivery-attempt': '2', 'x-job-id': 'job-1', ...more,
    };
}

const now = () => V.timestamp;
const refused = (reason) => (thrown) => thrown instanceof WebhookVerificationError && thrown.reason === reason
    && thrown.code === 'INVALID_WEBHOOK';

test('C6.4: a delivery is verified and read; keys as texts or as whsec_', () => {
    for (const key of [KEYS.current, SECRETS.current, [KEYS.previous, KEYS.current], [SECRETS.current]]) {
        assert.deepEqual(verifyWebhook(V.body, headersOf(V.standard.current), key, { now }), {
            id: V.id, timestamp: V.timestamp, attempt: 2, jobId: 'job-1', payload: JSON.parse(V.body),
        });
    }
});

test('C6.4: during a rotation either key is enough, on either side', () => {
    const both = `${V.standard.current} ${V.standard.previous}`;
    for (const key of [KEYS.current, KEYS.previous, [KEYS.previous, 'another']]) {
        verifyWebhook(V.body, headersOf(both), key, { now });
    }
    verifyWebhook(V.body, headersOf(V.standard.previous), [KEYS.current, KEYS.previous], { now });
    assert.throws(() => verifyWebhook(V.body, headersOf(both), 'another', { now }), refused('mismatch'));
    assert.throws(() => verifyWebhook(V.body, headersOf(V.standard.previous), KEYS.current, { now }), refused('mismatch'));
});

test('bytes or text, Headers or an object, names in any case, signatures of other versions', () => {
    const headers = headersOf(`v1a,AAAA v2,${V.standard.current.slice(3)} ${V.standard.current}`);
    verifyWebhook(Buffer.from(V.body), headers, KEYS.current, { now });
    verifyWebhook(new Uint8Array(Buffer.from(V.body)), new Headers(headers), KEYS.current, { now });
    const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    verifyWebhook(V.body, shouted, KEYS.current, { now });
    const other = headersOf(`v2,${V.standard.current.slice(3)}`);
    assert.throws(() => verifyWebhook(V.body, other, KEYS.current, { now }), refused('mismatch'));
});

test('every signed part counts', () => {
    const good = headersOf(V.standard.current);
    const check = (body, headers) => verifyWebhook(body, headers, KEYS.current, { now });
    check(V.body, good);
    assert.throws(() => check(`${V.body} `, good), refused('mismatch'));
    assert.throws(() => check(V.body.replace('completed', 'complete'), good), refused('mismatch'));
    assert.throws(() => check(V.body, { ...good, 'webhook-id': 'another' }), refused('mismatch'));
    assert.throws(() => check(V.body, { ...good, 'webhook-timestamp': String(V.timestamp + 1) }), refused('mismatch'));
    const mac = Buffer.from(V.standard.current.slice(3), 'base64');
    for (let bit = 0; bit < 256; bit += 1) {
        const other = Buffer.from(mac);
        other[bit >> 3] ^= 1 << (bit & 7);
        assert.throws(() => check(V.body, { ...good, 'webhook-signature': `v1,${other.toString('base64')}` }), refused('mismatch'));
    }
    for (const short of ['v1,', 'v1,AAAA', `v1,${mac.subarray(0, 31).toString('base64')}`, '']) {
        assert.throws(() => check(V.body, { ...good, 'webhook-signature': short }), refused('mismatch'));
    }
});

test('a replay is refused outside the window, as is a timestamp in the future', () => {
    const at = (seconds, options) => verifyWebhook(
        V.body, headersOf(V.standard.current), KEYS.current, { now: () => V.timestamp + seconds, ...options });
    at(300);
    at(-300);
    assert.throws(() => at(301), refused('stale'));
    assert.throws(() => at(-301), refused('stale'));
    at(3600, { toleranceSeconds: 3600 });
    assert.throws(() => verifyWebhook(V.body, headersOf(V.standard.current), KEYS.current), refused('stale'), 'by the real clock');
});

test('removing the Standard Webhooks headers does not help: X-Signature counts only on request', () => {
    const headers = { 'x-signature': V.document.current };
    assert.throws(() => verifyWebhook(V.body, headers, KEYS.current, { now }), refused('missing'));
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
        const { [name]: _, ...rest } = headersOf(V.standard.current);
        assert.throws(() => verifyWebhook(V.body, rest, KEYS.current, { now }), refused('missing'));
    }
    const read = verifyWebhook(V.body, headers, KEYS.current, { scheme: 'document' });
    assert.deepEqual(read, { id: null, timestamp: null, attempt: null, jobId: null, payload: JSON.parse(V.body) });
    assert.throws(() => verifyWebhook(V.body, {}, KEYS.current, { scheme: 'document' }), refused('missing'));
    const document = (other, key) => () => verifyWebhook(V.body, other, key, { scheme: 'document' });
    assert.throws(document({ 'x-signature': 'sha256=ab' }, KEYS.current), refused('malformed'));
    assert.throws(document(headers, KEYS.previous), refused('mismatch'));
    assert.throws(() => verifyWebhook(V.body, headers, KEYS.current, { scheme: 'none' }), TypeError);
});

test('C6.1: the document\'s signature, hex in either case, with any of several keys', () => {
    assert.equal(verifyDocumentSignature(V.body, V.document.current, KEYS.current), true);
    assert.equal(verifyDocumentSignature(V.body, `sha256=${V.document.current.slice(7).toUpperCase()}`, KEYS.current), true);
    assert.equal(verifyDocumentSignature(V.body, V.document.previous, [KEYS.current, SECRETS.previous]), true);
    for (const wrong of [V.document.previous, V.document.current.slice(7), `${V.document.current}0`, '', null, undefined]) {
        assert.equal(verifyDocumentSignature(V.body, wrong, KEYS.current), false);
    }
    assert.equal(verifyDocumentSignature(`${V.body} `, V.document.current, KEYS.current), false);
});

test('malformed headers and bodies, and mistakes of the caller', () => {
    for (const timestamp of ['', 'soon', '-1', '1.5', ' 1', '1'.repeat(16)]) {
        const headers = headersOf(V.standard.current, { 'webhook-timestamp': timestamp });
        assert.throws(() => verifyWebhook(V.body, headers, KEYS.current, { now }), refused('malformed'));
    }
    for (const key of ['', [], [''], 'whsec_', null, undefined, [undefined], 5]) {
        assert.throws(() => verifyWebhook(V.body, headersOf(V.standard.current), key, { now }), TypeError);
    }
    assert.throws(() => verifyWebhook(JSON.parse(V.body), headersOf(V.standard.current), KEYS.current, { now }), TypeError);
});

test('receiveWebhook reads a request up to its bound', async (t) => {
    const outcomes = [];
    const server = http.createServer(async (request, response) => {
        try {
            outcomes.push(await receiveWebhook(request, KEYS.current, { now, maxBytes: 1000 }));
        } catch (thrown) {
            outcomes.push(thrown.reason);
        }
        response.writeHead(200, { Connection: 'close' }).end();
    });
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const send = async (body) => {
        const request = http.request({ port: server.address().port, method: 'POST', headers: headersOf(V.standard.current) });
        request.end(body);
        const [response] = await once(request, 'response');
        response.resume();
    };
    await send(V.body);
    await send(`${V.body} `);
    await send('x'.repeat(1001));
    assert.deepEqual(outcomes[0].payload, JSON.parse(V.body));
    assert.deepEqual(outcomes.slice(1), ['mismatch', 'too_large']);
});
