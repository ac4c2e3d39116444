// Lots from any source, written as one request body. Holds at most one lot in memory.
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { InputError } from './errors.js';
import { JsonSplitter, parseJson } from './json-splitter.js';

/** Longest line of an NDJSON file; the service takes lots up to 1 MB. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/** A lot as JSON text from a file: sent unchanged, so that no number changes its form. */
class RawLot {
    constructor(bytes) { this.bytes = bytes; }
}

/** Writes `{"lots":[...],"version":...,"languages":...}`. @param settings read after the last lot, because a file may name them there. */
export async function writeRequest(spool, lots, settings) {
    let count = 0;
    await spool.write('{"lots":[');
    for await (const lot of lots) {
        if (count > 0) await spool.write(',');
        await spool.write(lot instanceof RawLot ? lot.bytes : jsonOf(lot, count));
        count += 1;
    }
    if (count === 0) throw new InputError('there are no lots');
    const members = Object.entries(settings()).filter(([, value]) => value !== undefined && value !== null);
    await spool.write(`]${members.map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`).join('')}}`);
    await spool.finish();
}

/**
 * The lots of a file: `ndjson`, one lot per line, or `json`, an array of lots or an object with `lots` like a request's body.
 * @param found gets `version` and `languages` if a JSON file names them.
 */
export function lotsOfFile(path, format, found) {
    switch (format ?? extname(path).toLowerCase()) {
    case 'ndjson': case '.ndjson': case '.jsonl': return lotsOfLines(path);
    case 'json': case '.json': return lotsOfDocument(path, found);
    default: throw new InputError(`${path}: unknown format; set it to 'json' or 'ndjson'`);
    }
}

async function* lotsOfLines(path) {
    let number = 0;
    for await (const line of linesOf(path)) {
        number += 1;
        if (line.every((byte) => byte <= 0x20)) continue;
        yield checked(line, `${path}:${number}`);
    }
}

async function* linesOf(path) {
    let pieces = [];
    let size = 0;
    for await (const chunk of withoutMark(path)) {
        let start = 0;
        for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
            yield Buffer.concat([...pieces, chunk.subarray(start, end)]);
            pieces = [];
            size = 0;
            start = end + 1;
        }
        size += chunk.length - start;
        if (size > LINE_BYTES_MAX) throw new InputError(`${path}: a line is over ${LINE_BYTES_MAX} bytes`);
        pieces.push(chunk.subarray(start));
    }
    yield Buffer.concat(pieces);
}

async function* lotsOfDocument(path, found) {
    const splitter = new JsonSplitter([[], ['lots']]);
    let count = 0;
    try {
        for await (const chunk of withoutMark(path)) {
            for (const element of splitter.push(chunk)) {
                yield checked(element, `${path}: lots[${count}]`);
                count += 1;
            }
        }
        const { version, languages } = splitter.end();
        found({ version, languages });
    } catch (error) {
        throw error instanceof SyntaxError ? new InputError(`${path}: ${error.message}`, { cause: error }) : error;
    }
}

/** A file's bytes without the byte order mark that some editors write. */
async function* withoutMark(path) {
    const stream = createReadStream(path);
    let isFirst = true;
    for await (const chunk of stream) {
        yield isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk;
        isFirst = false;
    }
}

function checked(bytes, place) {
    let lot;
    try {
        lot = parseJson(bytes);
    } catch (error) {
        throw new InputError(`${place}: ${error.message}`, { cause: error });
    }
    if (!isObject(lot)) throw new InputError(`${place}: a lot must be an object`);
    return new RawLot(bytes);
}

function jsonOf(lot, index) {
    if (!isObject(lot)) throw new InputError(`lots[${index}]: a lot must be an object`);
    try {
        return JSON.stringify(lot);
    } catch (error) {
        throw new InputError(`lots[${index}]: ${error.message}`, { cause: error });
    }
}

function isObject(value) {
    return value !== null && typeof value === 'object' && !Array.isArray(value);
}
