// A separate program, so that its memory is only the client's: reads results lot by lot. Run by
// results.test.js with a small heap. Prints its findings as JSON.
//
//   BASE_URL=... node --max-old-space-size=16 large-results.js
import { Client } from '../../src/index.js';
import { memory } from './memory.js';

const stream = new Client(process.env.BASE_URL, 'key').streamResults('a-job');
let lots = 0;
let bytes = 0;
for await (const lot of stream) {
    if (lots % 50 === 0) memory.look();
    lots += 1;
    bytes += lot.text.length;
}
console.log(JSON.stringify({ lots, bytes, document: stream.document, ...memory.seen() }));
