// Signatures and the canonical text, against vectors computed by CPython (vectors/make.py).
import assert from 'node:assert/strict';
import test from 'node:test';
import { GenerationServiceClient, canonicalJson, sign } from '../src/index.js';
import { vectors } from './support/fake-server.js';

test('C1.2: the canonical text and its signature are CPython\'s', async () => {
    const { key, vectors: all } = await vectors('canonical.json');
    assert.ok(all.length > 30);
    for (const { text, canonical, signature } of all) {
        // The caller has a value; the service reads the output of JSON.stringify.
        assert.equal(canonicalJson(JSON.parse(text)), canonical, text);
        assert.equal(sign(key, canonical), signature);
    }
});

test('the document\'s generateSignature covers the lots, or a job\'s id', async () => {
    const { key, vectors: all } = await vectors('canonical.json');
    const client = new GenerationServiceClient('http://127.0.0.1:1', key);
    const lots = all[all.length - 1];
    assert.equal(client.generateSignature({ lots: JSON.parse(lots.text) }), lots.signature);
    assert.equal(client.generateSignature('550e8400-e29b'), sign(key, '550e8400-e29b'));
});

test('values outside JSON have no canonical text', () => {
    assert.throws(() => canonicalJson(undefined), TypeError);
    assert.throws(() => canonicalJson({ n: 1n }), TypeError);
});
