// Extracts the elements of one array from a JSON document that arrives in pieces, cut anywhere. It finds only
// their bounds; JSON.parse checks them, and the rest of the document with an empty array. Memory: one element
// and the rest. Pure.

const QUOTE = 0x22, COMMA = 0x2c, COLON = 0x3a, BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b, CLOSE_ARRAY = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws SyntaxError; also for bytes that are not UTF-8. */
export function parseJson(bytes) {
    let text;
    try {
        text = utf8.decode(bytes);
    } catch {
        throw new SyntaxError('not UTF-8');
    }
    return JSON.parse(text);
}

export class JsonSplitter {
    #paths;
    #elementBytesMax;
    #restBytesMax;
    #inString = false;
    #escaped = false;
    /** Open containers outside the array: `{isObject, key, awaitsKey}`. */
    #stack = [];
    /** Bytes of the key being read; undefined outside a key. */
    #key = null;
    #found = false;
    #inArray = false;
    /** Open containers inside the current element. */
    #depth = 0;
    #elementCount = 0;
    /** Pieces of the current element, or of the rest, and their sizes. */
    #element = [];
    #elementBytes = 0;
    #rest = [];
    #restBytes = 0;

    /** @param paths possible positions of the array: `[['results', 'lots']]`; `[]` is the document itself. */
    constructor(paths, { elementBytesMax = 64 * 1024 * 1024, restBytesMax = 1024 * 1024 } = {}) {
        this.#paths = paths;
        this.#elementBytesMax = elementBytesMax;
        this.#restBytesMax = restBytesMax;
    }

    /** Returns the bytes of each element that this piece completes. @throws SyntaxError */
    push(chunk) {
        const elements = [];
        let start = 0;
        for (let at = 0; at < chunk.length; at += 1) {
            const byte = chunk[at];
            if (this.#inString) {
                this.#stepInString(byte);
            } else if (byte === QUOTE) {
                this.#inString = true;
                const top = this.#stack[this.#stack.length - 1];
                if (!this.#inArray && top?.awaitsKey) this.#key = [];
            } else if (this.#inArray) {
                if (!this.#endsElement(byte)) continue;
                this.#keepElement(chunk.subarray(start, at));
                this.#take(elements, byte === CLOSE_ARRAY);
                start = byte === COMMA ? at + 1 : at;
            } else if (this.#opensArray(byte)) {
                this.#keepRest(chunk.subarray(start, at + 1));
                start = at + 1;
            }
        }
        if (this.#inArray) this.#keepElement(chunk.subarray(start));
        else this.#keepRest(chunk.subarray(start));
        return elements;
    }

    /** The document without the elements. @throws SyntaxError if it is incomplete or has no such array. */
    end() {
        if (this.#inArray || this.#inString || this.#stack.length > 0) throw new SyntaxError('the document is incomplete');
        const document = parseJson(Buffer.concat(this.#rest));
        if (!this.#found) throw new SyntaxError('the document has no such array');
        return document;
    }

    #stepInString(byte) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
            this.#inString = false;
            return this.#endKey();
        }
        if (!this.#key) return;
        if (this.#key.length > this.#restBytesMax) throw new SyntaxError('a key is too long');
        this.#key.push(byte);
    }

    #endKey() {
        if (!this.#key) return;
        this.#stack[this.#stack.length - 1].key = parseJson(Buffer.from([QUOTE, ...this.#key, QUOTE]));
        this.#key = null;
    }

    /** Inside the array, outside strings. */
    #endsElement(byte) {
        if (byte === COMMA) return this.#depth === 0;
        if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#depth += 1;
        if (byte !== CLOSE_ARRAY && byte !== CLOSE_OBJECT) return false;
        if (this.#depth > 0) {
            this.#depth -= 1;
            return false;
        }
        if (byte === CLOSE_OBJECT) throw new SyntaxError('an array ends with }');
        return true;
    }

    /** Outside the array and outside strings: tracks the position. True if the array begins here. */
    #opensArray(byte) {
        const top = this.#stack[this.#stack.length - 1];
        switch (byte) {
        case COMMA:
            if (top?.isObject) top.awaitsKey = true;
            break;
        case COLON:
            if (top) top.awaitsKey = false;
            break;
        case OPEN_OBJECT:
            this.#stack.push({ isObject: true, key: null, awaitsKey: true });
            break;
        case OPEN_ARRAY:
            if (this.#isWanted()) return this.#enterArray();
            this.#stack.push({ isObject: false, key: null, awaitsKey: false });
            break;
        case CLOSE_ARRAY: case CLOSE_OBJECT:
            if (!this.#stack.pop()) throw new SyntaxError('a closing bracket without an opening one');
            break;
        }
        return false;
    }

    #isWanted() {
        return this.#paths.some((path) => path.length === this.#stack.length
            && path.every((key, level) => this.#stack[level].isObject && this.#stack[level].key === key));
    }

    #enterArray() {
        if (this.#found) throw new SyntaxError('the array occurs twice');
        this.#found = this.#inArray = true;
        return true;
    }

    #keepElement(bytes) {
        this.#elementBytes += bytes.length;
        if (this.#elementBytes > this.#elementBytesMax) throw new SyntaxError('an element is too large');
        if (bytes.length > 0) this.#element.push(bytes);
    }

    #keepRest(bytes) {
        this.#restBytes += bytes.length;
        if (this.#restBytes > this.#restBytesMax) throw new SyntaxError('the rest of the document is too large');
        if (bytes.length > 0) this.#rest.push(bytes);
    }

    #take(elements, isLast) {
        const element = this.#element.length === 1 ? this.#element[0] : Buffer.concat(this.#element);
        this.#element = [];
        this.#elementBytes = 0;
        if (isLast) this.#inArray = false;
        // An empty array has no elements; otherwise each comma separates two elements.
        if (isLast && this.#elementCount === 0 && isBlank(element)) return;
        if (isBlank(element)) throw new SyntaxError('an element is missing');
        this.#elementCount += 1;
        elements.push(element);
    }
}

function isBlank(bytes) {
    return bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
}
