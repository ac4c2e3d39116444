// Runs one of the programs of this folder with a small heap and returns its output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** @param heapMB bound of the heap's old space. */
export async function run(program, heapMB, environment, ...words) {
    const path = fileURLToPath(new URL(program, import.meta.url));
    const child = spawn(process.execPath, [`--max-old-space-size=${heapMB}`, path, ...words], {
        env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return JSON.parse(Buffer.concat(chunks));
}
