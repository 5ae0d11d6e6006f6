// SPDX-License-Identifier: MIT
// A search that is interrupted, as a process of its own: it prints what is known, and ends by its verdict.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { type SearchDocument, searchSchema } from '../src/search/search-document.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const main = new URL('../dist/main.js', import.meta.url).href;

interface Interrupted {
  readonly code: number | null;
  readonly signal: string | null;
  readonly document: SearchDocument;
}

/** Ends the search by a signal to its own process once its line of progress says that it got so deep. */
function interrupted(args: readonly string[], depth: number): Promise<Interrupted> {
  const program = join(temporaryFolder(), 'watched.mjs');
  // A terminal is watched: then the search tells its progress.
  writeFileSync(program, `process.stderr.isTTY = true;\nawait import(${JSON.stringify(main)});\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'search', ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let isSent = false;
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
      const reached = Math.max(-1, ...[...stderr.matchAll(/, depth (\d+),/g)].map(([, text]) => Number(text)));
      if (!isSent && reached >= depth) isSent = child.kill('SIGINT');
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), searchSchema), stdout);
      if (parsed.success) resolve({ code, signal, document: parsed.output });
      else reject(new Error(`no document on standard output, but ${stdout.slice(0, 200)}; on standard error ${stderr.slice(-500)}`));
    });
  });
}

it.each<[string, string[]]>([
  ['in one thread', ['extended-rdm', '--model', 'per-page', '--pages', '12']],
  ['in threads', ['extended-rdm', 'notifier-list', '--pages', '6', '--workers', '2']],
])('%s: what is known is printed, and is unknown', async (_, args) => {
  const { code, signal, document } = await interrupted(args, 0);
  expect([code, signal]).toEqual([2, null]);
  for (const strategy of document.strategies) expect(strategy).toMatchObject({ verdict: 'unknown', complete: false, cut: 'interrupt' });
});

it('of a design that was found broken already: broken', async () => {
  const { code, document } = await interrupted(['uncoordinated', '--pages', '5'], 3);
  expect(document.strategies[0]).toMatchObject({ verdict: 'broken', complete: false, cut: 'interrupt' });
  expect(code).toBe(1);
});
