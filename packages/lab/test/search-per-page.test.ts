// SPDX-License-Identifier: MIT
// The per-page model on the real designs: counts as numbers, and what a symmetry may not change.
import { describe, expect, it } from 'vitest';
import type { SearchDocument, SearchedStrategy } from '../src/search/search-document.ts';
import { runSearch } from './support/run-search.ts';

async function searched(id: string, args: readonly string[]): Promise<SearchedStrategy> {
  const { out } = await runSearch(['search', id, '--model', 'per-page', '--json', ...args]);
  return (JSON.parse(out) as SearchDocument).strategies[0]!;
}

const PAGES = ['--symmetry', 'pages'];
const CONTAINERS = ['--symmetry', 'containers'];

describe.each(['extended-rdm', 'notifier-list'])('%s page by page', (id) => {
  it('has 4^P * 4 states with 6P + 2(P + 1) operations in each', async () => {
    const expected = { verdict: 'holds', complete: true, by: 'words', depth: 12, counterexamples: [], unwitnessed: [] };
    expect(await searched(id, ['--pages', '5'])).toMatchObject({ ...expected, states: 4096, transitions: 172_032 });
  });

  it('says the same when every refusal is stepped, met or not', async () => {
    const timeless = (strategy: SearchedStrategy) => ({ ...strategy, seconds: 0, transitionsPerSecond: 0 });
    expect(timeless(await searched(id, ['--pages', '3', '--every-step']))).toEqual(timeless(await searched(id, ['--pages', '3'])));
  });

  it.each([
    ['containers', CONTAINERS, 768, 26_112],
    ['pages', PAGES, 140, 4760],
    ['both', [...PAGES, ...CONTAINERS], 105, 3570],
  ])('keeps a part of them by %s that stands for all', async (_, symmetry, states, transitions) => {
    const covers = { states: 1024, transitions: 34_816 };
    expect(await searched(id, ['--pages', '4', ...symmetry])).toMatchObject({ verdict: 'holds', complete: true, states, transitions, covers, depth: 10 });
  });
});

it('14 pages with symmetry stand for more than a thousand million states', async () => {
  expect(await searched('extended-rdm', ['--pages', '14', ...PAGES])).toMatchObject({
    verdict: 'holds',
    complete: true,
    states: 2720,
    transitions: 310_080,
    covers: { states: 1_073_741_824, transitions: 122_406_567_936 },
  });
});

describe('a part left out falls with the same lengths, by whatever symmetry', () => {
  const factsOf = ({ verdict, complete, covers, states, transitions, depth, counterexamples }: SearchedStrategy): unknown => {
    const found = counterexamples.map((one) => [one.invariant, one.depth]);
    return { verdict, complete, covers: covers ?? { states, transitions }, depth, found };
  };

  it.each(['replay', 'plug-plane', 'restore'])('%s', async (without) => {
    const args = ['--pages', '3', '--without', without];
    const whole = factsOf(await searched('extended-rdm', args));
    expect(whole).toMatchObject({ verdict: 'broken', complete: true });
    for (const symmetry of [PAGES, CONTAINERS, [...PAGES, ...CONTAINERS]]) {
      expect(factsOf(await searched('extended-rdm', [...args, ...symmetry]))).toEqual(whole);
    }
  });
});

it('a design that tells one container before the other and does not take it back has no container symmetry', async () => {
  const args = ['--pages', '3', '--without', 'rollback', ...CONTAINERS];
  await expect(searched('extended-rdm', args)).rejects.toThrow('--symmetry containers cannot be used with extended-rdm: it treats c0 otherwise than c1');
});
