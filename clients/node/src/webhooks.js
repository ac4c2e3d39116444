// Verifies that a webhook is from the service: by its Standard Webhooks signature, which also detects a
// replay, or by the document's X-Signature.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookVerificationError } from './errors.js';

const DOCUMENT_SIGNATURE = /^sha256=([0-9a-f]{64})$/i;

/** A job of 50,000 lots with long texts in ten languages is smaller. */
const BODY_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Verifies a delivery and reads it.
 * @param body the body's bytes, exactly as received (a string counts as UTF-8).
 * @param headers Node's `request.headers`, a `Headers`, or any object; names in any case.
 * @param keys the shared key, or several during a rotation; each also as `whsec_` and Base64.
 * @returns `{id, timestamp, attempt, jobId, payload}`; the same `id` may arrive again, so store the ids that you have processed.
 * @throws WebhookVerificationError
 */
export function verifyWebhook(body, headers, keys, options = {}) {
    const { scheme = 'standard', toleranceSeconds = 300, now = () => Date.now() / 1000 } = options;
    const bytes = bytesOf(body);
    const header = readerOf(headers);
    const known = keysOf(keys);
    if (scheme === 'standard') checkStandard(bytes, header, known, toleranceSeconds, now());
    else if (scheme === 'document') checkDocument(bytes, header, known);
    else throw new TypeError(`no such scheme: ${scheme}`);
    return {
        id: header('webhook-id'), timestamp: numberOf(header('webhook-timestamp')),
        attempt: numberOf(header('x-delivery-attempt')), jobId: header('x-job-id'), payload: payloadOf(bytes),
    };
}

/** Reads the body of a node:http request and verifies it. */
export async function receiveWebhook(request, keys, options = {}) {
    const { maxBytes = BODY_BYTES_MAX } = options;
    const chunks = [];
    let length = 0;
    for await (const chunk of request) {
        length += chunk.length;
        if (length > maxBytes) throw refusal('too_large', `the body is over ${maxBytes} bytes`);
        chunks.push(chunk);
    }
    return verifyWebhook(Buffer.concat(chunks), request.headers, keys, options);
}

/** The document's check alone: true if `X-Signature` covers the body. It does not detect a replay. */
export function verifyDocumentSignature(body, signature, keys) {
    return covers(bytesOf(body), signature, keysOf(keys));
}

function covers(bytes, signature, keys) {
    const received = DOCUMENT_SIGNATURE.exec(signature ?? '');
    if (!received) return false;
    const expected = keys.map((key) => createHmac('sha256', key).update(bytes).digest());
    return anyEqual(expected, [Buffer.from(received[1], 'hex')]);
}

function checkDocument(bytes, header, keys) {
    const signature = header('x-signature');
    if (signature === null) throw refusal('missing', 'X-Signature is missing');
    if (!DOCUMENT_SIGNATURE.test(signature)) throw refusal('malformed', 'X-Signature is not sha256= and 64 hex digits');
    if (!covers(bytes, signature, keys)) throw refusal('mismatch', 'X-Signature does not match');
}

/** https://www.standardwebhooks.com: `v1,` and Base64 of the HMAC over `id.timestamp.body`, one per key of the sender. */
function checkStandard(bytes, header, keys, toleranceSeconds, now) {
    const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(header);
    if (id === null || timestamp === null || signatures === null) {
        throw refusal('missing', 'webhook-id, webhook-timestamp or webhook-signature is missing');
    }
    if (!/^\d{1,15}$/.test(timestamp)) throw refusal('malformed', 'webhook-timestamp is no number of seconds');
    const received = signatures.split(' ').filter((part) => part.startsWith('v1,'))
        .map((part) => Buffer.from(part.slice(3), 'base64'));
    const expected = keys.map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.`).update(bytes).digest());
    if (!anyEqual(expected, received)) throw refusal('mismatch', 'webhook-signature does not match');
    // After the signature check, so that a forger learns nothing about our clock.
    if (Math.abs(now - Number(timestamp)) > toleranceSeconds) throw refusal('stale', 'webhook-timestamp is too far from now');
}

/** Compares all with all, each in constant time. */
function anyEqual(expected, received) {
    let found = false;
    for (const one of expected) {
        for (const other of received) {
            if (one.length === other.length && timingSafeEqual(one, other)) found = true;
        }
    }
    return found;
}

function keysOf(keys) {
    const list = (Array.isArray(keys) ? keys : [keys]).filter((key) => key !== undefined && key !== null);
    if (list.length === 0) throw new TypeError('at least one key is needed');
    return list.map((key) => {
        if (typeof key !== 'string') throw new TypeError('a key must be a string');
        const bytes = key.startsWith('whsec_') ? Buffer.from(key.slice(6), 'base64') : Buffer.from(key);
        // With an empty key any sender could sign.
        if (bytes.length === 0) throw new TypeError('a key must not be empty');
        return bytes;
    });
}

function bytesOf(body) {
    if (typeof body === 'string') return Buffer.from(body);
    if (body instanceof Uint8Array) return body;
    throw new TypeError('the body must be the bytes as received, not the parsed value');
}

/** Returns a function from a lower-case name to the value or null. */
function readerOf(headers) {
    const values = new Map();
    const entries = typeof headers?.entries === 'function' ? headers.entries() : Object.entries(headers ?? {});
    for (const [name, value] of entries) values.set(name.toLowerCase(), Array.isArray(value) ? value.join(' ') : value);
    return (name) => values.get(name) ?? null;
}

function numberOf(text) {
    return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

function payloadOf(bytes) {
    try {
        return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
        throw refusal('malformed', 'the body is not JSON');
    }
}

function refusal(reason, message) {
    return new WebhookVerificationError(reason, message);
}
