// SPDX-License-Identifier: MIT
// A search of worlds divided as a CI matrix would: the joined documents say what the whole search says.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SearchDocument } from '../src/search/search-document.ts';
import { foundFacts } from './support/found-facts.ts';
import { runSearch } from './support/run-search.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const BOUND = ['--pages', '1', '--containers', '1'];

async function run(args: readonly string[], folder?: string): Promise<SearchDocument & { readonly code: number }> {
  const { code, out } = await runSearch([...args, '--json'], folder === undefined ? {} : { folder });
  return { ...(JSON.parse(out) as SearchDocument), code };
}

/** The shards one by one, and their join. */
async function divided(ids: readonly string[], of: number): Promise<{ codes: readonly number[]; merged: SearchDocument & { readonly code: number } }> {
  const folder = temporaryFolder();
  const names = Array.from({ length: of }, (_, at) => `shard-${at + 1}.json`);
  const codes: number[] = [];
  for (const [at, name] of names.entries()) {
    const { code, ...document } = await run(['search', ...ids, ...BOUND, '--shard', `${at + 1}/${of}`]);
    codes.push(code);
    writeFileSync(join(folder, name), JSON.stringify(document));
  }
  return { codes, merged: await run(['merge', ...names], folder) };
}

describe('search --shard, then merge', () => {
  it.each(['extended-rdm', 'ram-block-attributes', 'blocked'])('of %s says what the whole search says', async (id) => {
    const whole = await run(['search', id, ...BOUND]);
    const { codes, merged } = await divided([id], 3);
    expect(merged.strategies.map(foundFacts)).toEqual(whole.strategies.map(foundFacts));
    expect([merged.code, merged.matchesExpectations]).toEqual([whole.code, whole.matchesExpectations]);
    expect(merged.notFound).toEqual(whole.notFound);
    // A shard by itself knows of its own part only.
    expect(Math.max(...codes)).toBe(whole.code);
  });

  it('of all strategies is held against the expectations when all shards are there', async () => {
    const whole = await run(['search', ...BOUND]);
    const { codes, merged } = await divided([], 2);
    expect(Math.max(...codes)).toBe(whole.code);
    expect([merged.code, merged.matchesExpectations, merged.differences]).toEqual([whole.code, whole.matchesExpectations, whole.differences]);
    expect(merged.strategies.map(foundFacts)).toEqual(whole.strategies.map(foundFacts));
    expect(merged.notFound).toEqual(whole.notFound);
  });

  it('takes a strategy without the regime as it is', async () => {
    const folder = temporaryFolder();
    const args = ['search', 'keep-shared', 'notifier-list', ...BOUND, '--regime', 'in-place'];
    for (const shard of ['1/2', '2/2']) {
      const { code: _, ...document } = await run([...args, '--shard', shard]);
      writeFileSync(join(folder, `${shard[0]}.json`), JSON.stringify(document));
    }
    const merged = await run(['merge', '1.json', '2.json'], folder);
    expect(merged.strategies).toMatchObject([
      { id: 'keep-shared', notApplicable: true, states: 0 },
      { id: 'notifier-list', verdict: 'holds', complete: true },
    ]);
    expect(merged.code).toBe(0);
  });
});
