// A separate program, so that its memory is only the client's: sends a batch from a generator. Run by
// service.test.js with a small heap. Prints the reply and its memory as JSON.
//
//   node --max-old-space-size=16 large-batch.js LOTS BYTES      bytes of text per lot
import { Client } from '../../src/index.js';
import { memory } from './memory.js';

const [lots, bytes] = process.argv.slice(2).map(Number);
const client = new Client(process.env.BASE_URL, process.env.SHARED_KEY);

async function* generated() {
    for (let number = 0; number < lots; number += 1) {
        if (number % 50 === 0) memory.look();
        yield {
            lot_id: `large-${number}`, additional_info: `${number} ${'é'.repeat(bytes / 2)}`,
            images: [{ url: `${process.env.IMAGES_URL}/${number % 20}.jpg` }],
        };
    }
}

const timer = setInterval(memory.look, 5);
const job = await client.createBatch(generated(), { languages: ['en'] });
clearInterval(timer);
console.log(JSON.stringify({ job, ...memory.seen() }));
