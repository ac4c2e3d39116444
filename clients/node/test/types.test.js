// index.d.ts matches the code: by the TypeScript compiler, and by names.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as offered from '../src/index.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const TYPES = await readFile(join(PACKAGE, 'src/index.d.ts'), 'utf8');
const hasCompiler = spawnSync('tsc', ['--version']).status === 0;

/** `make test` installs the compiler, and sets BASE_URL. */
const isWanted = hasCompiler || process.env.BASE_URL;

test('the example compiles in strict mode, and its mistakes do not', { skip: !isWanted && 'there is no tsc' }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'generation-client-types-'));
    t.after(() => rm(folder, { recursive: true }));
    // As in a program that depends on the package: found through its package.json.
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules/generation-service-client'));
    await symlink(join(PACKAGE, 'test/types/example.ts'), join(folder, 'example.mts'));
    await symlink(join(PACKAGE, 'test/types/globals.d.ts'), join(folder, 'globals.d.ts'));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({
        compilerOptions: {
            noEmit: true, strict: true, noUncheckedIndexedAccess: true, preserveSymlinks: true, types: [],
            target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], module: 'node16', moduleResolution: 'node16',
        },
        files: ['example.mts', 'globals.d.ts'],
    }));
    const done = spawnSync('tsc', ['--project', '.'], { cwd: folder, encoding: 'utf8' });
    assert.equal(done.error, undefined);
    assert.equal(done.stdout + done.stderr, '');
    assert.equal(done.status, 0);
});

test('every export is declared, and everything declared is exported', () => {
    const declared = [...TYPES.matchAll(/^export (?:class|function|const) (\w+)/gm)].map((match) => match[1]);
    assert.deepEqual(declared.sort(), Object.keys(offered).sort());
});

test('every method of the clients is declared, and everything declared exists', () => {
    for (const name of ['Client', 'GenerationServiceClient']) {
        const [, body] = new RegExp(`^export class ${name} (?:extends \\w+ )?\\{\n(.*?)^\\}`, 'ms').exec(TYPES);
        const declared = [...body.matchAll(/^ {4}(\w+)\(/gm)].map((match) => match[1]);
        const there = Object.getOwnPropertyNames(offered[name].prototype).filter((method) => !method.startsWith('_'));
        if (name === 'GenerationServiceClient') declared.push('constructor');
        assert.deepEqual(declared.sort(), there.sort());
    }
});

test('every error has its declared class', () => {
    for (const [, name, parent] of TYPES.matchAll(/^export class (\w+Error) extends (\w+)/gm)) {
        if (parent !== 'Error') assert.ok(offered[name].prototype instanceof offered[parent], name);
    }
});
