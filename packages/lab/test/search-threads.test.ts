// SPDX-License-Identifier: MIT
// Searches in Workers, on the built program: Node runs no TypeScript there on all versions we know.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { SearchDocument } from '../src/search/search-document.ts';
import type { SearchRequest } from '../src/search/search-request.ts';
import { type SearchOrder, searchStrategies } from '../src/search/search-strategies.ts';
import { foundFacts } from './support/found-facts.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const built = fileURLToPath(new URL('../dist/search/search-strategies.js', import.meta.url));

const request = {
  model: 'per-page',
  named: true,
  pages: 1,
  containers: null,
  blocks: null,
  faults: null,
  regime: 'two-backend',
  races: false,
  symmetry: [],
  everyStep: false,
  without: [],
  depth: 3,
  memoryMiB: 256,
} as const;
const WORLD: SearchRequest = { ...request, model: 'world', pages: 1, containers: 2, blocks: 0, faults: 1, depth: null };
const order: SearchOrder = { request, strategyIds: ['uncoordinated', 'dma-mapping-tracker', 'extended-rdm'], workers: 2, shard: null };

/** `isStopped` of the watch, as source. */
async function runBuilt(what: SearchOrder, isStopped = '() => false'): Promise<SearchDocument> {
  const code = `
    import { searchStrategies } from ${JSON.stringify(built)};
    const document = await searchStrategies(${JSON.stringify(what)}, { isStopped: ${isStopped}, onProgress: () => undefined });
    process.stdout.write(JSON.stringify(document));`;
  const program = join(temporaryFolder(), 'program.mjs');
  writeFileSync(program, code);
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  return JSON.parse(stdout) as SearchDocument;
}

const timeless = ({ strategies }: SearchDocument) => strategies.map((one) => ({ ...one, seconds: 0, transitionsPerSecond: 0 }));

it('strategies searched side by side say what they say one after the other', async () => {
  const here = await searchStrategies({ ...order, workers: 1 }, { isStopped: () => false, onProgress: () => undefined });
  expect(timeless(await runBuilt(order))).toEqual(timeless(here));
});

it.each<[string, number]>([
  ['extended-rdm', 2],
  ['ram-block-attributes', 3],
])('one world searched in as many shards as there are threads says what it says whole (%s, %i threads)', async (id, workers) => {
  const whole: SearchOrder = { request: WORLD, strategyIds: [id], workers: 1, shard: null };
  const [expected] = timeless(await searchStrategies(whole, { isStopped: () => false, onProgress: () => undefined }));
  const [spread] = timeless(await runBuilt({ ...whole, workers }));
  expect(spread!.states).toBeGreaterThan(20);
  expect(foundFacts(spread!)).toEqual(foundFacts(expected!));
});

it('an interrupt reaches the threads', async () => {
  const { strategies } = await runBuilt({ ...order, request: { ...request, pages: 10, depth: null } }, '() => performance.now() > 500');
  expect(strategies.map(({ complete, cut }) => [complete, cut])).toEqual(order.strategyIds.map(() => [false, 'interrupt']));
});

it('what goes wrong in a thread is told here', async () => {
  const wrong = { ...order, strategyIds: ['extended-rdm', 'no-such'] };
  await expect(runBuilt(wrong)).rejects.toThrow("no strategy 'no-such'");
});
