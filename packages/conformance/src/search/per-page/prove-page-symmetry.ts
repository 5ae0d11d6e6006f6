// SPDX-License-Identifier: MIT
/**
 * Finds out whether pages are alike for a design, by exhaustion over the per-page model with three pages:
 *
 *   1. Which of its words hold one bit per page: those that an operation on page p changes in bit p alone.
 *   2. In every reachable state and for every operation, swapping two neighbouring pages before is swapping them after:
 *      same answer, same state. Neighbour swaps generate all orders.
 *
 * What that proves for three pages is taken over to more: a design that counts its pages could tell them apart from the
 * fourth on. A search with the symmetry repeats each counterexample without it, so it reports nothing that is not there;
 * a test compares both for small numbers of pages.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { KIND_MASK, NEXT, type SearchModel } from '../search-model.ts';
import { FULL, NO_PARENT, StateTable } from '../state-table.ts';
import { PageSymmetry } from '../page-symmetry.ts';
import { createPerPageModel, MACHINE_WORDS, type PerPageOptions } from './per-page-model.ts';
import { MOST_PROOF_STATES, PROOF_PAGES, whyNoProof } from './proof-bound.ts';
import { type PageOperation, pageOperations, SWITCH } from './transitions.ts';

/** The symmetry of the model with so many pages, or why there is none. */
export type ProvenSymmetry = { readonly symmetry: PageSymmetry } | { readonly whyNot: string };

/** Machine words that are planes: sides, plug state, both mappings. */
const MACHINE_PLANES = [0, 1, 2, 3];

export function provePageSymmetry(strategy: Strategy, options: PerPageOptions): ProvenSymmetry {
  const model = createPerPageModel(strategy, { ...options, pages: PROOF_PAGES, everyStep: true });
  const table = new StateTable(model.wordCount, { maxStates: MOST_PROOF_STATES });
  const proof = new Proof(model, table);
  const whyNot = whyNoProof(model, createPerPageModel(strategy, options)) ?? proof.findPlanes() ?? proof.swapPages();
  return whyNot === undefined ? { symmetry: new PageSymmetry(proof.planes, options.pages) } : { whyNot };
}

class Proof {
  readonly planes: number[] = [];
  readonly #model: SearchModel;
  readonly #table: StateTable;
  readonly #operations: readonly PageOperation[];
  readonly #after: Int32Array;

  constructor(model: SearchModel, table: StateTable) {
    this.#model = model;
    this.#table = table;
    this.#operations = pageOperations(PROOF_PAGES);
    this.#after = new Int32Array(model.wordCount);
  }

  /** Meets every state on the way. */
  findPlanes(): string | undefined {
    const changed = new Set<number>();
    const mixed = new Set<number>();
    this.#model.reset();
    this.#model.store(this.#after, 0);
    this.#table.insert(this.#after, 0, NO_PARENT, 0);
    for (let index = 0; index < this.#table.count; index += 1) {
      const before = this.#table.words.slice(index * this.#after.length, (index + 1) * this.#after.length);
      for (const [transition, operation] of this.#operations.entries()) {
        if ((this.#stepFrom(before, transition) & KIND_MASK) !== NEXT) continue;
        if (operation.kind !== SWITCH) this.#compare(before, operation.of, changed, mixed);
        if (this.#table.insert(this.#after, 0, index, transition) === FULL) return 'it has too many states with three pages already';
      }
    }
    this.planes.push(...MACHINE_PLANES, ...[...changed].filter((word) => word >= MACHINE_WORDS).toSorted((a, b) => a - b));
    const [first] = mixed;
    if (first === undefined) return undefined;
    if (first < MACHINE_WORDS) return 'an operation on one page changes another page';
    return `word ${first - MACHINE_WORDS} of its state holds more of a page than its bit`;
  }

  /** In all states, for all operations and both swaps of neighbours. */
  swapPages(): string | undefined {
    for (let index = 0; index < this.#table.count; index += 1) {
      for (const [transition, operation] of this.#operations.entries()) {
        for (let page = 0; page + 1 < PROOF_PAGES; page += 1) {
          if (!this.#isAlike(index, transition, this.#swapped(operation, page), page)) {
            return `it treats page ${page} otherwise than page ${page + 1}`;
          }
        }
      }
    }
    return undefined;
  }

  /** Whether step and swap is swap and step. */
  #isAlike(index: number, transition: number, swappedTransition: number, page: number): boolean {
    const before = this.#table.words.slice(index * this.#after.length, (index + 1) * this.#after.length);
    const flags = this.#stepFrom(before, transition);
    const expected = this.#after.slice();
    this.#swap(expected, page);
    this.#swap(before, page);
    if (this.#stepFrom(before, swappedTransition) !== flags) return false;
    return (flags & KIND_MASK) !== NEXT || expected.every((word, at) => word === this.#after[at]);
  }

  /** What the step leads to is in `#after`. */
  #stepFrom(words: Int32Array, transition: number): number {
    this.#model.load!(words, 0);
    const flags = this.#model.step(transition);
    this.#model.store(this.#after, 0);
    return flags;
  }

  #compare(before: Int32Array, page: number, changed: Set<number>, mixed: Set<number>): void {
    for (let word = 0; word < this.#after.length; word += 1) {
      const difference = this.#after[word]! ^ before[word]!;
      if (difference === 0) continue;
      changed.add(word);
      if (difference !== 1 << page) mixed.add(word);
    }
  }

  #swap(words: Int32Array, page: number): void {
    for (const plane of this.planes) {
      const bits = words[plane]!;
      const differ = ((bits >>> page) ^ (bits >>> (page + 1))) & 1;
      words[plane] = bits ^ (differ * (0b11 << page));
    }
  }

  /** The number of the operation with both pages swapped. */
  #swapped({ kind, of, refuser, refusedPage }: PageOperation, page: number): number {
    const swapPage = (one: number): number => (one === page ? page + 1 : one === page + 1 ? page : one);
    const wantedOf = kind === SWITCH ? of : swapPage(of);
    const wantedPage = swapPage(refusedPage);
    return this.#operations.findIndex((other) => {
      return other.kind === kind && other.of === wantedOf && other.refuser === refuser && other.refusedPage === wantedPage;
    });
  }
}
