// README.md's examples run unchanged, except for addresses and waits. Environment: BASE_URL, SHARED_KEY,
// IMAGES_URL.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '../src/index.js';

const { BASE_URL, SHARED_KEY, IMAGES_URL } = process.env;
const options = { skip: !BASE_URL && 'BASE_URL is not set: no service to test against' };
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const README = await readFile(join(PACKAGE, 'README.md'), 'utf8');
const EXAMPLES = [...README.matchAll(/^```js\n(.*?)^```/gms)].map((match) => match[1]);

/** The example that contains a text, as a program; its output so far is `text()`. */
async function start(t, words, ...replacements) {
    const found = EXAMPLES.filter((example) => example.includes(words));
    assert.equal(found.length, 1, `examples with ${words}`);
    const own = [['http://localhost:5000', BASE_URL], ['https://example.com/', `${IMAGES_URL}/`]];
    const program = [...own.filter(([old]) => found[0].includes(old)), ...replacements].reduce((text, [old, wanted]) => {
        assert.ok(text.includes(old), `the example no longer says ${old}`);
        return text.replaceAll(old, wanted);
    }, found[0]);
    const folder = await mkdtemp(join(tmpdir(), 'generation-client-readme-'));
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules/generation-service-client'));
    await writeFile(join(folder, 'example.mjs'), program);
    const child = spawn(process.execPath, ['example.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    t.after(async () => {
        child.kill();
        await ended;
        await rm(folder, { recursive: true });
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
    return { child, ended, text: () => said };
}

async function outputOf(t, words, ...replacements) {
    const { ended, text } = await start(t, words, ...replacements);
    const [code] = await ended;
    assert.equal(code, 0, text());
    return text();
}

test('one lot within the call', options, async (t) => {
    const said = await outputOf(t, "lot_id: 'car-1', additional_info");
    assert.match(said, /language: 'en'[^]*language: 'de'/);
});

test('a batch', options, async (t) => {
    const said = await outputOf(t, 'async function* lots', ['50_000', '20'], ['30_000', '200']);
    assert.match(said, /completed 100 %\ncar-0 completed\n[^]*car-19 completed\n\{\s+total_lots: 20,/);
});

test('after the document\'s example', options, async (t) => {
    const said = await outputOf(t, 'batchGenerate', ['pollForCompletion(jobId)', 'pollForCompletion(jobId, 200)']);
    assert.match(said, /lot_id: 'car-1'/);
});

test('an error', options, async (t) => {
    assert.match(await outputOf(t, 'RateLimitError'), /^INVALID_IMAGE_URLS \{/);
});

test('a receiver of webhooks', options, async (t) => {
    const listening = ".listen(0, function () { console.log(`port ${this.address().port}`); })";
    const receiver = await start(t, 'createServer', ['.listen(8080)', listening]);
    await once(receiver.child.stdout, 'data');
    const [, port] = /port (\d+)/.exec(receiver.text());
    const lot = { lot_id: 'readme', images: [{ url: `${IMAGES_URL}/1.jpg` }], webhook: `http://127.0.0.1:${port}/` };
    const job = await new Client(BASE_URL, SHARED_KEY).createBatch([lot], { languages: ['en'] });
    while (!receiver.text().includes(job.job_id)) await once(receiver.child.stdout, 'data');
    assert.match(receiver.text(), new RegExp(`[0-9a-f-]{36} batch_job_completed ${job.job_id} 1\n`));
    const forged = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' });
    assert.equal(forged.status, 403);
});
