// A request body as it is made: signed while it is written, kept on disk once it is larger than a little, so that it can be sent
// with its length and, if need be, again. A file of it has no name from the moment it is open, so it goes with the process.
import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchTooLargeError } from './errors.js';
import { beginSignature, signatureOf } from './signing.js';

/** What is written and read at a time; a body up to this size stays in memory. */
const BLOCK_BYTES = 128 * 1024;

export class Spool {
    #hmac;
    #maxBytes;
    #directory;
    /** One buffer for all there is to write, so that memory does not wait for the garbage collector. */
    #block = Buffer.allocUnsafe(BLOCK_BYTES);
    #used = 0;
    #file = null;
    /** Only where an open file cannot be unlinked (Windows). */
    #leftPath = null;

    /** Bytes so far. */
    length = 0;
    /** The `X-Signature`, once `finish` is done. */
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

    /** The body from its beginning, as often as needed. A piece holds until the next one is asked for. */
    async* chunks() {
        if (!this.#file) {
            yield this.#block.subarray(0, this.#used);
            return;
        }
        // Its own for each time: a read of an attempt that was given up may still be under way.
        const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
        for (let position = 0; position < this.length;) {
            const { bytesRead } = await this.#file.read(buffer, 0, BLOCK_BYTES, position);
            if (bytesRead === 0) throw new Error('the temporary file was cut');
            position += bytesRead;
            yield buffer.subarray(0, bytesRead);
        }
    }

    /** Lets go of the file; to be called in any case. */
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
