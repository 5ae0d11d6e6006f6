// SPDX-License-Identifier: MIT
// A search of a strategy with words is fast and ends; each one the lab has offers them, whatever is left out of it.
import { createPerPageModel, search } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';

const rows = STRATEGIES.flatMap((strategy) => [
  { name: strategy.id, strategy, without: [] as string[] },
  ...strategy.additions.map(({ id }) => ({ name: `${strategy.id} without ${id}`, strategy, without: [id] })),
]);

describe('words of every strategy', () => {
  it.each(rows)('$name', ({ strategy, without }) => {
    const model = createPerPageModel(strategy, { pages: 2, without: new Set(without) });
    expect(search(model, { maxDepth: 1 }).by).toBe('words');
  });
});
