// SPDX-License-Identifier: MIT
// The schema of search: it takes what the program writes, whole and in shards, and refuses what is wrong.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { searchSchema } from '../src/index.ts';
import { runSearch } from './support/run-search.ts';

type Plain = Record<string, unknown>;

async function documentOf(args: readonly string[]): Promise<Plain> {
  const { out } = await runSearch(['search', '--json', '--pages', '1', ...args]);
  return JSON.parse(out) as Plain;
}

const SEARCHES = [
  ['a design that is broken', ['uncoordinated']],
  ['a shard', ['notifier-list', '--shard', '1/2']],
  ['a design without the regime', ['blocked', '--regime', 'in-place']],
  ['pages one by one', ['extended-rdm', '--model', 'per-page', '--symmetry', 'pages', '--symmetry', 'containers']],
  ['all designs, cut', ['--depth', '1']],
] as const;

describe.each(SEARCHES)('the document of %s', (_, args) => {
  it('fits its schema, and no other', async () => {
    const document = await documentOf(args);
    expect(v.safeParse(searchSchema, document).issues).toBeUndefined();
    expect(v.is(searchSchema, { ...document, schema: 'sda-lab/search@2' })).toBe(false);
    expect(v.is(searchSchema, { ...document, extra: 1 })).toBe(false);
  });

  it('is refused without any of its members, and with a wrong one', async () => {
    const document = await documentOf(args);
    const [strategy] = document['strategies'] as Plain[];
    for (const key of Object.keys(document)) {
      expect(v.is(searchSchema, { ...document, [key]: undefined })).toBe(false);
      expect(v.is(searchSchema, { ...document, [key]: { wrong: true } })).toBe(false);
    }
    for (const key of Object.keys(strategy!)) {
      const { [key]: _left, ...rest } = strategy!;
      expect(v.is(searchSchema, { ...document, strategies: [rest] })).toBe(false);
      expect(v.is(searchSchema, { ...document, strategies: [{ ...strategy, [key]: { wrong: true } }] })).toBe(false);
    }
  });
});
