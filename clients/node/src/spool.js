// A request body as it is made: signed while it is written, kept on disk once it is larger than a little, so that it can be sent
// with its length and, if need be, again. A file of it has no name from the moment it is open, so it goes with the process.
import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchTooLargeError } from './errors.js';
import { beginSignature, signatureOf } from './signing.js';

/** What is written and read at a time; a body up to this size stays in memory. */
const BLOCK_BYTES = 256 * 1024;

export class Spool {
    #hmac;
    #maxBytes;
    #directory;
    #pending = [];
    #pendingBytes = 0;
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

    /** @param data text or bytes; must not be changed afterwards. */
    async write(data) {
        const bytes = typeof data === 'string' ? Buffer.from(data) : data;
        this.length += bytes.length;
        if (this.length > this.#maxBytes) throw new BatchTooLargeError(`the body would be over ${this.#maxBytes} bytes`);
        this.#pending.push(bytes);
        this.#pendingBytes += bytes.length;
        if (this.#pendingBytes > BLOCK_BYTES) await this.#flush();
    }

    async finish() {
        if (this.#file) await this.#flush();
        else for (const bytes of this.#pending) this.#hmac.update(bytes);
        this.signature = signatureOf(this.#hmac);
    }

    /** The body from its beginning; as often as needed. */
    async* chunks() {
        if (!this.#file) return yield* this.#pending;
        for (let position = 0; position < this.length;) {
            const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, position);
            if (bytesRead === 0) throw new Error('the temporary file was cut');
            position += bytesRead;
            yield buffer.subarray(0, bytesRead);
        }
    }

    /** Lets go of the file; to be called in any case. */
    async dispose() {
        this.#pending = [];
        const [file, path] = [this.#file, this.#leftPath];
        this.#file = this.#leftPath = null;
        await file?.close();
        if (path) await unlink(path);
    }

    async #flush() {
        const block = Buffer.concat(this.#pending, this.#pendingBytes);
        this.#pending = [];
        this.#pendingBytes = 0;
        this.#hmac.update(block);
        if (!this.#file) await this.#open();
        await this.#file.appendFile(block);
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
