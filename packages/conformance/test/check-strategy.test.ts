// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { checkStrategy, runHistory, parseHistory, StrategyError } from '../src/index.ts';
import { reference } from './strategies/reference.ts';

const createRight: typeof reference.create = (host, without) => reference.create(host, without);
const small = { id: 'mine', title: 'mine', create: createRight };

function refusalOf(value: unknown): string {
  try {
    checkStrategy(value);
  } catch (error) {
    if (error instanceof StrategyError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a strategy from outside', () => {
  test('needs an id, a title and create; the rest has defaults', () => {
    const { cost, ...rest } = checkStrategy(small);
    expect(rest).toEqual({
      create: expect.any(Function) as unknown,
      id: 'mine',
      title: 'mine',
      source: 'a design from outside the lab',
      discardRequirement: 'coordinated',
      requestPath: 'per-section',
      listener: { rollback: 'none', admission: 'refuse', awaitsAttach: true, refusedSection: 'return', fineGranule: 'ask' },
      capabilities: { virtioMem: false, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend'], tdisp: false },
      additions: [],
    });
    expect(cost.source).toBe('not given');
  });

  test('a whole one stays as it is, its functions called on it', () => {
    expect(checkStrategy(reference)).toMatchObject({ ...reference, create: expect.any(Function) as unknown });
    class Kept {
      readonly id = 'kept';
      readonly title = 'kept';
      readonly #answer = createRight;
      create: typeof reference.create = (...args) => this.#answer(...args);
    }
    expect(runHistory(checkStrategy(new Kept()), parseHistory('attach(c0)')).steps[0]!.answer).toBe('0');
  });

  test.each<[unknown, string]>([
    [undefined, 'a strategy is an object with id, title and create; this is undefined'],
    [() => small, 'a strategy is an object with id, title and create; this is a function'],
    [Promise.resolve(small), 'id is missing (its name in tables, as text); title is missing (one line for tables, as text); create is missing (a function create(host, without) that answers the instance)'],
    [{ ...small, id: 'My Design' }, 'id is "My Design" (small letters, digits and hyphens, a letter first)'],
    [{ ...small, id: 'a'.repeat(41) }, `id is "${'a'.repeat(41)}" (at most 40 characters)`],
    [{ ...small, title: '' }, 'title is "" (one line for tables)'],
    [{ ...small, create: 'x' }, 'create is "x" (a function create(host, without) that answers the instance)'],
    [{ ...small, capabilities: { reset: 'reboot' } }, 'capabilities.reset is "reboot" ("rebuild" | "shutdown")'],
    [{ ...small, capabilities: { regimes: [] } }, 'capabilities.regimes is an array (at least one)'],
    [{ ...small, capabilities: { regimes: ['both'] } }, 'capabilities.regimes.0 is "both" ("two-backend" | "in-place")'],
    [{ ...small, capabilities: 3 }, 'capabilities is 3 (Object)'],
    [{ ...small, listener: { rollback: true } }, 'listener.rollback is true ("run" | "none")'],
    [{ ...small, requestPath: 'all' }, 'requestPath is "all" ("first-section" | "per-section")'],
    [{ ...small, additions: [{ id: 'a', what: 'b' }] }, 'additions.0.guards is missing ("guards")'],
  ])('%o is refused by name', (value, message) => {
    expect(refusalOf(value)).toBe(message);
  });

  test('many problems are cut', () => {
    expect(refusalOf({ id: 1, title: 2, create: 3, source: 4, listener: 5, additions: 6, requestPath: 7 })).toMatch(/; and 2 more$/);
  });
});
