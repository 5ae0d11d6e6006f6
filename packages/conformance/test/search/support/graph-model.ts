// SPDX-License-Identifier: MIT
// A random graph as a model, and a search over it that is as plain as can be, to compare with.
import fc from 'fast-check';
import {
  ENDED,
  MISSED,
  NEXT,
  NOT_ENABLED,
  type Property,
  SAME,
  type SearchModel,
  VIOLATED,
} from '../../../src/search/search-model.ts';

/** `to`: the next state, or a kind that has none. */
export interface Edge {
  readonly kind: typeof NOT_ENABLED | typeof SAME | typeof NEXT | typeof ENDED | typeof MISSED;
  readonly to: number;
  /** Bit i: breaks property i. */
  readonly breaks: number;
}

export interface Graph {
  /** By state, then by transition. */
  readonly edges: readonly (readonly Edge[])[];
  readonly spine: readonly number[];
}

const ALWAYS: readonly Property[] = [
  { invariant: 'coherent', reach: 'live' },
  { invariant: 'bounded', reach: 'latent' },
];

export class GraphModel implements SearchModel<number> {
  readonly wordCount = 2;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always = ALWAYS;
  readonly sometimes = [];
  readonly witnessed = 0;
  violated = 0;
  readonly #graph: Graph;
  #state = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.transitionCount = graph.edges[0]!.length;
    this.spine = Uint8Array.from(graph.spine);
  }

  reset(): void {
    this.#state = 0;
  }

  /** Both words matter, and the first alone tells little. */
  store(words: Int32Array, at: number): void {
    words[at] = this.#state & 1;
    words[at + 1] = ~this.#state;
  }

  load(words: Int32Array, at: number): void {
    this.#state = ~words[at + 1]!;
  }

  step(transition: number): number {
    const { kind, to, breaks } = this.#graph.edges[this.#state]![transition]!;
    // What was tried and turned out to be none has changed things all the same.
    if (kind === NEXT || kind === MISSED || kind === ENDED) this.#state = to;
    this.violated = breaks;
    return breaks !== 0 && kind !== NOT_ENABLED ? kind | VIOLATED : kind;
  }

  label(transition: number): readonly number[] {
    return [transition];
  }

  explain(property: number): string {
    return `property ${property}`;
  }
}

/** Up to 40 states, up to 6 transitions each; most lead on, some do not. */
export const anyGraph: fc.Arbitrary<Graph> = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }))
  .chain(([stateCount, transitionCount]) => {
    const edge = fc.record({
      kind: fc.constantFrom<Edge['kind']>(NEXT, NEXT, NEXT, SAME, NOT_ENABLED, ENDED, MISSED),
      to: fc.nat({ max: stateCount - 1 }),
      breaks: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, 3),
    });
    const row = fc.array(edge, { minLength: transitionCount, maxLength: transitionCount });
    return fc.record({
      edges: fc.array(row, { minLength: stateCount, maxLength: stateCount }),
      spine: fc.array(fc.nat({ max: 1 }), { minLength: transitionCount, maxLength: transitionCount }),
    });
  });

export interface PlainResult {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Per property the length of a shortest way to break it, or Infinity. */
  readonly nearest: readonly number[];
}

/** With sets and queues of plain numbers. */
export function plainSearch({ edges }: Graph, maxDepth = Infinity): PlainResult {
  const depths = new Map([[0, 0]]);
  const nearest = ALWAYS.map(() => Infinity);
  let transitions = 0;
  for (const [state, depth] of depths) {
    if (depth === maxDepth) continue;
    for (const { kind, to, breaks } of edges[state]!) {
      if (kind === NOT_ENABLED || kind === MISSED) continue;
      transitions += 1;
      for (const property of nearest.keys()) {
        if ((breaks & (1 << property)) !== 0) nearest[property] = Math.min(nearest[property]!, depth + 1);
      }
      if (kind === NEXT && !depths.has(to)) depths.set(to, depth + 1);
    }
  }
  return { states: depths.size, transitions, depth: Math.max(...depths.values()), nearest };
}
