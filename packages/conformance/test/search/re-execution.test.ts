// SPDX-License-Identifier: MIT
// Designs whose state cannot be stored: every state is reached anew, and told from others by what the design heard.
import { describe, expect, test } from 'vitest';
import { InputHistory } from '../../src/search/input-history.ts';
import { createPerPageModel } from '../../src/search/per-page/per-page-model.ts';
import { search } from '../../src/search/search.ts';
import { searchVerdict } from '../../src/search/search-result.ts';
import { SAME, type SearchModel } from '../../src/search/search-model.ts';
import { Counters, countersFacts } from './support/counters.ts';
import { pageDesign, type PageFault } from './support/page-design.ts';

/** The same model, which cannot load. */
function withoutLoad(model: Counters): SearchModel<string> {
  return new Proxy(model, {
    get: (target, key) => {
      const value: unknown = key === 'load' ? undefined : Reflect.get(target, key, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

describe('a search by re-execution', () => {
  test('meets what a search by words meets where the words say all', () => {
    const counters = { count: 2, top: 3, wrongSum: 4 };
    const { by, ...result } = search(withoutLoad(new Counters(counters)));
    expect(by).toBe('re-execution');
    expect({ by: 'words', ...result }).toEqual(search(new Counters(counters)));
    expect(result.states).toBe(countersFacts(counters).states);
  });

  test('keeps states apart that a design heard different things before, up to its depth', () => {
    const model = createPerPageModel(pageDesign(undefined, false), { pages: 1 });
    // With one page: 4 operations and none refused before something is attached and due. So 1 + 4 + 16 + ...
    expect(search(model, { maxDepth: 2 })).toMatchObject({ by: 're-execution', complete: false, cut: 'depth', states: 1 + 4 + 16 });
    // After `attach(c0); convert` (either order) the plug can be refused, at c0; likewise with c1, and with plug first.
    const { states } = search(model, { maxDepth: 3 });
    expect(states).toBe(1 + 4 + 16 + 64 + refusedThirdSteps());
  });

  test('never holds: its depth cuts it', () => {
    expect(searchVerdict(search(createPerPageModel(pageDesign(undefined, false), { pages: 1 }), { maxDepth: 4 }))).toBe('unknown');
  });

  test.each<[PageFault, string]>([
    ['no-rollback', 'bounded 4'],
    ['no-replay', 'complete 3'],
    ['refuses', 'progress 2'],
  ])('finds %s as near as a search by words does: %s', (fault, expected) => {
    const depth = Number(expected.split(' ')[1]);
    const { counterexamples } = search(createPerPageModel(pageDesign(fault, false), { pages: 1 }), { maxDepth: depth });
    expect(counterexamples.map(({ property, depth: length }) => `${property.invariant} ${length}`)).toContain(expected);
    expect(search(createPerPageModel(pageDesign(fault, false), { pages: 1 }), { maxDepth: depth - 1 }).counterexamples).toEqual([]);
  });

  test('has no symmetry', () => {
    const symmetry = { name: 'none', canonicalize: () => undefined, orbitSize: () => 1 };
    expect(() => search(withoutLoad(new Counters({ count: 1, top: 1 })), { symmetry })).toThrow('a symmetry needs states that can be loaded');
  });

  test('does not reach states anew after self-loops', () => {
    let resets = 0;
    class Counting extends Counters {
      override reset(): void {
        resets += 1;
        super.reset();
      }

      override step(): number {
        return SAME;
      }
    }
    search(withoutLoad(new Counting({ count: 5, top: 1 })));
    // The first state, its expansion, and the check at the end of none.
    expect(resets).toBe(2);
  });
});

describe('an input history', () => {
  test('is equal after equal inputs and different after others', () => {
    const history = new InputHistory();
    const after = (...inputs: readonly (string | number)[]): number => {
      history.reset();
      for (const input of inputs) history.tell(input);
      return history.node;
    };
    const nodes = [after(), after('a'), after('b'), after('a', 'b'), after('b', 'a'), after('ab'), after('a', 1), after('a', 11)];
    expect(new Set(nodes).size).toBe(nodes.length);
    expect([after('a', 'b'), after(), after('ab')]).toEqual([nodes[3], nodes[0], nodes[5]]);
  });
});

/** Ways of three operations with one page of which the third meets a refusal. */
function refusedThirdSteps(): number {
  // The page is made due by convert and plug, or by attaching where it is due; one device is attached.
  // attach(d), x: then the other of convert and plug is refused, x first or attach first: 2 devices * 2 * 2 orders.
  // convert, plug (either order): then attach(d) is refused: 2 orders * 2 devices.
  return 2 * 2 * 2 + 2 * 2;
}
