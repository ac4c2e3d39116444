// The incremental parser: the same result for any split, and JSON.parse's verdict on everything.
import assert from 'node:assert/strict';
import test from 'node:test';
import { JsonSplitter, parseJson } from '../src/json-splitter.js';

const PATHS = [['results', 'lots']];
const LOTS = [
    { lot_id: 'Лот «1» 🚗', text: 'brackets ]}[{ , : and "quotes" \\ \\"', nested: [[1, [2]], { lots: [3] }], empty: {} },
    { lot_id: '', results: { lots: [{ a: 1 }] } }, [], [[]], {}, 'a ] string , "', -1.5e-7, null, true,
];
const DOCUMENT = {
    lots: [1, 2], other: [{ results: { lots: [9] } }, ']'], 'a "key" ]': { 'lots': 'x' },
    results: { version: '1.0.0', before: [1, { lots: [7] }], lots: LOTS, after: '[' }, end: [],
};
const REST = { ...DOCUMENT, results: { ...DOCUMENT.results, lots: [] } };

function split(pieces, paths = PATHS, limits = {}) {
    const splitter = new JsonSplitter(paths, limits);
    const elements = pieces.flatMap((piece) => splitter.push(piece)).map(parseJson);
    return { elements, rest: splitter.end() };
}

test('a document cut at every byte, and into single bytes', () => {
    for (const spaces of [undefined, 2]) {
        const bytes = Buffer.from(JSON.stringify(DOCUMENT, null, spaces));
        for (let cut = 0; cut <= bytes.length; cut += 1) {
            const { elements, rest } = split([bytes.subarray(0, cut), bytes.subarray(cut)]);
            assert.deepEqual(elements, LOTS, `cut at ${cut}`);
            assert.deepEqual(rest, REST, `cut at ${cut}`);
        }
        assert.deepEqual(split(Array.from(bytes, (byte) => Buffer.from([byte]))), { elements: LOTS, rest: REST });
    }
});

test('a document that ends anywhere before its end is an error', () => {
    const bytes = Buffer.from(JSON.stringify(DOCUMENT));
    for (let end = 0; end < bytes.length; end += 1) assert.throws(() => split([bytes.subarray(0, end)]), SyntaxError, `${end}`);
});

test('elements are yielded as soon as they are complete', () => {
    const splitter = new JsonSplitter(PATHS);
    assert.deepEqual(splitter.push(Buffer.from('{"results":{"lots":[{"a":1}')).length, 0);
    assert.deepEqual(splitter.push(Buffer.from(',{"b"')).map(parseJson), [{ a: 1 }]);
    assert.deepEqual(splitter.push(Buffer.from(':2}]')).map(parseJson), [{ b: 2 }]);
    splitter.push(Buffer.from('}}'));
    assert.deepEqual(splitter.end(), { results: { lots: [] } });
});

test('an escaped key is the same key; an array at the top', () => {
    assert.deepEqual(split([Buffer.from('{"r\\u0065sults":{"lo\\u0074s":[1]}}')]).elements, [1]);
    assert.deepEqual(split([Buffer.from(' [ 1 , "2" ] ')], [[], ['lots']]), { elements: [1, '2'], rest: [] });
    assert.deepEqual(split([Buffer.from('{"lots":[ ]}')], [[], ['lots']]), { elements: [], rest: { lots: [] } });
});

test('invalid JSON is an error at any place', () => {
    const wrong = [
        '', '[]', '{}', '{"results":{}}', '{"results":{"lots":null}}', '{"results":[{"lots":[1]}]}', '{"results":{"lots":[1,]}}',
        '{"results":{"lots":[,1]}}', '{"results":{"lots":[1,,2]}}', '{"results":{"lots":[1}}', '{"results":{"lots":[[1}]}}',
        '{"results":{"lots":[1 2]}}', '{"results":{"lots":[{"a":1]}]}}', '{"results":{"lots":[nul]}}', '{"results":{"lots":[1]}}]',
        '{"results":{"lots":[1]}} x', '{"results":{"lots":[1]]}', '{"results":{"lots":[1],"lots":[2]}}',
        '{"results":{"lots":[1],}}',
        '{"results" {"lots":[1]}}', '{"results":{"lots":["\n"]}}', '{"results":{"lots":[01]}}', "{'results':{'lots':[1]}}",
    ];
    for (const text of wrong) assert.throws(() => split([Buffer.from(text)]), SyntaxError, text);
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
        const inElement = Buffer.concat([Buffer.from('{"results":{"lots":["'), Buffer.from(bytes), Buffer.from('"]}}')]);
        assert.throws(() => split([inElement]), SyntaxError);
        const inRest = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('","results":{"lots":[]}}')]);
        assert.throws(() => split([inRest]), SyntaxError);
    }
});

test('its memory is bounded', () => {
    const element = Buffer.from(`{"results":{"lots":["${'a'.repeat(1000)}`);
    assert.throws(() => split([element], PATHS, { elementBytesMax: 500 }), /element is too large/);
    assert.throws(() => split([Buffer.from(`{"a":"${'a'.repeat(1000)}`)], PATHS, { restBytesMax: 500 }), /too large/);
    assert.throws(() => split(Array(2000).fill(Buffer.from('[[[')), PATHS, { restBytesMax: 500 }), /too large/);
});

test('random values: the array is found, and the rest kept, for any split', () => {
    let state = Number(process.env.SEED ?? 20261125);
    const random = (below) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return Math.floor(state / 2147483648 * below);
    };
    const strings = ['', 'lots', 'results', '"', '\\', ']', '}', ',', ':', '🚗é\u0001', '[{'];
    const value = (depth) => {
        const kind = random(depth > 3 ? 3 : 5);
        if (kind === 0) return strings[random(strings.length)];
        if (kind === 1) return random(1000) / 8 - 60;
        if (kind === 2) return [null, true, false][random(3)];
        if (kind === 3) return Array.from({ length: random(4) }, () => value(depth + 1));
        return Object.fromEntries(Array.from({ length: random(4) }, () => [strings[random(strings.length)], value(depth + 1)]));
    };
    for (let round = 0; round < 300; round += 1) {
        const lots = Array.from({ length: random(5) }, () => value(0));
        const document = { ...Object(value(1)), results: { a: value(1), lots, b: value(1) }, z: value(1) };
        const bytes = Buffer.from(JSON.stringify(document, null, random(2) * 2));
        const pieces = [];
        for (let at = 0; at < bytes.length;) pieces.push(bytes.subarray(at, at += 1 + random(9)));
        const { elements, rest } = split(pieces);
        assert.deepEqual(elements, JSON.parse(JSON.stringify(lots)), `round ${round}`);
        assert.deepEqual(rest, JSON.parse(JSON.stringify({ ...document, results: { ...document.results, lots: [] } })));
    }
});
