// SPDX-License-Identifier: MIT
// docs/write-a-strategy.md, word for word: its commands are read from the page and typed in, in the repository and in an
// empty folder with the packed packages. npm gets everything else from what this repository has installed.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandBlocks, isAsPrinted } from './support/page-commands.ts';
import { openRegistry, type Registry } from './support/registry/registry.ts';
import { runShell } from './support/run-shell.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = new URL('../../../docs/write-a-strategy.md', import.meta.url);
const blocks = commandBlocks(page);
const temporary = mkdtempSync(join(tmpdir(), 'sda-lab-page-'));
const folder = join(temporary, 'my-design');
/** As if the compiler had written it of a source that is gone by now. */
const leftOver = join('core-bitmap', 'dist', 'left-over.js');
let registry: Registry;

beforeAll(async () => {
  mkdirSync(folder);
  writeFileSync(join(root, 'packages', leftOver), '');
  registry = await openRegistry(root, join(temporary, 'registry'));
});

afterAll(async () => {
  await registry.close();
  rmSync(temporary, { recursive: true, force: true });
  rmSync(join(root, 'packages', leftOver), { force: true });
});

/** Where a reader stands, and with which environment. */
function place(name: string): [cwd: string, environment: Record<string, string>] {
  if (name === 'repository') return [root, {}];
  return [folder, { ...registry.environment, SDA_LAB: root.replace(/\/$/, ''), npm_config_cache: join(temporary, 'cache') }];
}

const LONG = 120_000;

describe('docs/write-a-strategy.md', () => {
  it('tells what to type in the repository and in a folder of one\'s own', () => {
    expect([...new Set(blocks.map((block) => block.place))]).toEqual(['repository', 'folder']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(blocks.map((block) => [block.commands.at(-1)!.line, block] as const))('%s', async (_, block) => {
    let stdout = '';
    for (const { line, exitCode } of block.commands) {
      const ran = await runShell(line, ...place(block.place));
      expect([line, ran.code, ran.code === exitCode ? '' : ran.stdout + ran.stderr]).toEqual([line, exitCode, '']);
      stdout = ran.stdout;
    }
    const { prints } = block;
    expect(prints === undefined || isAsPrinted(stdout, prints) || stdout).toBe(true);
  }, LONG);

  it('installs without a network what the packages name, and nothing that is not there is needed', () => {
    const installed = readdirSync(join(folder, 'node_modules', '@sda-lab'));
    expect(installed).toEqual(expect.arrayContaining(['conformance', 'guest-memory', 'lab']));
    expect(registry.missing).not.toContain('commander');
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: object };
    expect(Object.keys(manifest.dependencies)).toEqual(installed.map((name) => `@sda-lab/${name}`));
  });

  it('packs nothing of a source that is gone', () => {
    const modules = join(folder, 'node_modules', '@sda-lab');
    expect(existsSync(join(modules, 'core-bitmap', 'dist', 'index.js'))).toBe(true);
    expect(existsSync(join(modules, leftOver))).toBe(false);
  });
});

describe('what a page prints', () => {
  it.each([
    ['a b\nc', 'a b\nc'],
    ['a   b\nc', 'a b\nc'],
    ['a 1 b\nc', 'a ... b\nc'],
    ['a\nx\ny\nc', 'a\n...\nc'],
    ['a\nc', 'a\n...\nc'],
  ])('%j is %j', (text, pattern) => {
    expect(isAsPrinted(text, pattern)).toBe(true);
  });

  it.each([
    ['a b', 'a c'],
    ['a b c', 'a b'],
    ['a\nb', 'a'],
    ['axb', 'a.b'],
    ['a\nx\nd', 'a\n...\nc'],
  ])('%j is not %j', (text, pattern) => {
    expect(isAsPrinted(text, pattern)).toBe(false);
  });
});
