// A request body: signed while it is written, and kept on disk above a small size, so that it can be sent
// with its length, repeatedly if necessary. Its file has no name once it is open, so it disappears with the
// process.
import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchTooLargeError } from './errors.js';
import { beginSignature, signatureOf } from './signing.js';

/** Size of a read or write; a body up to this size stays in memory. */
const BLOCK_BYTES = 128 * 1024;

export class Spool {
    #hmac;
    #maxBytes;
    #directory;
    /** One buffer for all writes, so that memory does not wait for the garbage collector. */
    #block = Buffer.allocUnsafe(BLOCK_BYTES);
    #used = 0;
    #file = null;
    /** Set only if an open file cannot be unlinked (Windows). */
    #leftPath = null;

    /** Bytes so far. */
    length = 0;
    /** The `X-Signature`, after `finish`. */
    signature = null;

    constructor(sharedKey, { maxBytes, directory = tmpdir() }) {
        this.#hmac = beginSignature(sharedKey);
        this.#maxBytes = maxBytes;
        this.#directory = directory;
    }

    /** @param data text or bytes. */
    async write(data) {
        const size = Buffer.byteLength(data);
        this.length += size;
        if (this.length > this.#maxBytes) throw new BatchTooLargeError(`the body would be over ${this.#maxBytes} bytes`);
        if (typeof data === 'string' && size <= BLOCK_BYTES - this.#used) {
            this.#used += this.#block.write(data, this.#used);
            return;
        }
        const bytes = Buffer.from(data);
        for (let at = 0; at < size;) {
            if (this.#used === BLOCK_BYTES) await this.#flush();
            const count = bytes.copy(this.#block, this.#used, at);
            this.#used += count;
            at += count;
        }
    }

    async finish() {
        if (this.#file) await this.#flush();
        else this.#hmac.update(this.#block.subarray(0, this.#used));
        this.signature = signatureOf(this.#hmac);
    }

    /** The body from its beginning, any number of times. A piece is valid until the next one is requested. */
    async* chunks() {
        if (!this.#file) {
            yield this.#block.subarray(0, this.#used);
            return;
        }
        // A separate buffer per pass: a read of an abandoned attempt may still be in progress.
        const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
        for (let position = 0; position < this.length;) {
            const { bytesRead } = await this.#file.read(buffer, 0, BLOCK_BYTES, position);
            if (bytesRead === 0) throw new Error('the temporary file was truncated');
            position += bytesRead;
            yield buffer.subarray(0, bytesRead);
        }
    }

    /** Closes the file; must always be called. */
    async dispose() {
        const [file, path] = [this.#file, this.#leftPath];
        this.#file = this.#leftPath = null;
        await file?.close();
        if (path) await unlink(path);
    }

    async #flush() {
        const bytes = this.#block.subarray(0, this.#used);
        this.#hmac.update(bytes);
        if (!this.#file) await this.#open();
        await this.#file.appendFile(bytes);
        this.#used = 0;
    }

    async #open() {
        const path = join(this.#directory, `generation-service-client-${randomUUID()}`);
        this.#file = await open(path, 'wx+', 0o600);
        try {
            await unlink(path);
        } catch {
            this.#leftPath = path;
        }
    }
}
