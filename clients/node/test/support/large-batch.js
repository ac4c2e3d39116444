// A program of its own, so that its memory is only what the client needs: sends a batch from a generator, waits, reads the results one
// by one and downloads them. Run by service.test.js with a small heap. Prints what it saw as JSON.
//
//   node --max-old-space-size=16 large-batch.js LOTS BYTES      bytes of text in each lot
import { Client } from '../../src/index.js';

const [lots, bytes] = process.argv.slice(2).map(Number);
const client = new Client(process.env.BASE_URL, process.env.SHARED_KEY);
let buffersMax = 0;

/** Every so often: what lies outside the heap counts as well. */
function look() {
    buffersMax = Math.max(buffersMax, process.memoryUsage().arrayBuffers);
}

async function* generated() {
    for (let number = 0; number < lots; number += 1) {
        if (number % 50 === 0) look();
        yield {
            lot_id: `large-${number}`, additional_info: `${number} ${'é'.repeat(bytes / 2)}`,
            images: [{ url: `${process.env.IMAGES_URL}/${number % 20}.jpg` }],
        };
    }
}

const job = await client.createBatch(generated(), { languages: ['en'] });
const ended = await client.wait(job.job_id, { intervalMs: 500, timeoutMs: 240_000, onProgress: look });
const stream = client.streamResults(job.job_id);
let read = 0;
let inOrder = true;
for await (const lot of stream) {
    if (read % 50 === 0) look();
    inOrder &&= lot.lot_id === `large-${read}` && lot.descriptions[0].damages.startsWith('<');
    read += 1;
}
const { bytes: downloaded } = await client.download(job.job_id, process.env.DOWNLOAD_TO);
look();
console.log(JSON.stringify({
    job, ended: ended.status, read, inOrder, downloaded, buffersMax, summary: stream.document.processing_summary,
    residentMax: process.resourceUsage().maxRSS * 1024,
}));
