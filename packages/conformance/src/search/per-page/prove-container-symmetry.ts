// SPDX-License-Identifier: MIT
/**
 * Finds out whether the two containers of the per-page model are alike for a design, by exhaustion over the model with
 * three pages. It walks two ways at a time: one, and the same with c0 and c1 exchanged in every operation.
 *
 *   1. Every step of one is answered as the exchanged step of the other, and breaks the same.
 *   2. Ways that meet in one state meet in one exchanged state. So the exchange is a map of states, and by 1 and 2 it
 *      commutes with every operation.
 *   3. That map is one of words: found in container-renaming.ts, and held against every pair of states again. Bits that
 *      are exchanged inside a word are none of pages: with more pages there would be more of them.
 *
 * Together with pages (`inner`) it must take planes to planes, so that the order of the two makes no difference.
 *
 * What that proves for three pages is taken over to more, as in prove-page-symmetry.ts, with the same reserve; a search
 * with the symmetry repeats each counterexample without it.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { ContainerSymmetry } from '../container-symmetry.ts';
import type { PageSymmetry } from '../page-symmetry.ts';
import { KIND_MASK, NEXT, type SearchModel } from '../search-model.ts';
import { ADDED, FULL, NO_PARENT, StateTable } from '../state-table.ts';
import { ContainerRenaming, renamingOf, type WordOrigin } from './container-renaming.ts';
import { NONE } from './page-consumer.ts';
import { createPerPageModel, MACHINE_WORDS, type PerPageOptions } from './per-page-model.ts';
import { MOST_PROOF_STATES, PROOF_PAGES, whyNoProof } from './proof-bound.ts';
import { type PageOperation, pageOperations, SWITCH } from './transitions.ts';

/** The symmetry of the model with so many pages, or why there is none. */
export type ProvenContainerSymmetry = { readonly symmetry: ContainerSymmetry } | { readonly whyNot: string };

/** Sides, plug state, both mappings, who is attached. */
const MACHINE_ORIGINS: readonly WordOrigin[] = [
  { word: 0, swaps: [] },
  { word: 1, swaps: [] },
  { word: 3, swaps: [] },
  { word: 2, swaps: [] },
  { word: 4, swaps: [{ shift: 1, mask: 1 }] },
];

const UNLIKE = 'it treats c0 otherwise than c1';
const NO_EXCHANGE = 'no exchange of its words is the exchange of c0 and c1';

/** `inner`: the page symmetry that is to be used beside it. */
export function proveContainerSymmetry(
  strategy: Strategy,
  options: PerPageOptions,
  inner?: PageSymmetry,
): ProvenContainerSymmetry {
  const model = createPerPageModel(strategy, { ...options, pages: PROOF_PAGES, everyStep: true });
  const proof = new Proof(model);
  const whyNot = whyNoProof(model, createPerPageModel(strategy, options)) ?? proof.walk() ?? proof.checkPlanes(inner);
  return whyNot === undefined ? { symmetry: proof.symmetry(inner) } : { whyNot };
}

class Proof {
  readonly #model: SearchModel;
  readonly #table: StateTable;
  readonly #operations: readonly PageOperation[];
  readonly #renaming: ContainerRenaming;
  #origins: readonly WordOrigin[] = [];
  /** Words that an operation on a page changes. */
  readonly #ofPages = new Set<number>();
  /** By state, the exchanged one. */
  readonly #exchanged: Int32Array[] = [];

  constructor(model: SearchModel) {
    this.#model = model;
    this.#table = new StateTable(model.wordCount, { maxStates: MOST_PROOF_STATES });
    this.#operations = pageOperations(PROOF_PAGES);
    this.#renaming = new ContainerRenaming(model.wordCount, MACHINE_ORIGINS);
  }

  /** Every state and what it becomes, from the first one on. */
  walk(): string | undefined {
    const exchanges = this.#operations.map((operation) => this.#exchange(operation));
    this.#model.reset();
    const first = this.#stored();
    const found = this.#take(first, first, NO_PARENT);
    if (found !== undefined) return found;
    for (let index = 0; index < this.#table.count; index += 1) {
      for (const [transition, exchange] of exchanges.entries()) {
        const whyNot = this.#compare(index, transition, exchange);
        if (whyNot !== undefined) return whyNot;
      }
    }
    return this.#holdAgainstAll();
  }

  checkPlanes(inner: PageSymmetry | undefined): string | undefined {
    if (inner === undefined) return undefined;
    const origins = this.#origins;
    const isPlane = (word: number): boolean => inner.planes.includes(word);
    const wrong = origins.findIndex(({ word, swaps }, at) => isPlane(word) !== isPlane(at) || (isPlane(at) && swaps.length > 0));
    return wrong === -1 ? undefined : 'c0 has a word with a bit for each page where c1 has another one';
  }

  symmetry(inner: PageSymmetry | undefined): ContainerSymmetry {
    return new ContainerSymmetry(this.#model.wordCount, [renamingOf(this.#origins)], inner);
  }

  #compare(index: number, transition: number, exchange: number): string | undefined {
    const flags = this.#stepFrom(this.#wordsOf(index), transition);
    const { violated } = this.#model;
    const words = this.#stored();
    if (this.#operations[transition]!.kind !== SWITCH) this.#noteChanges(this.#wordsOf(index), words);
    const isAlike = this.#stepFrom(this.#exchanged[index]!, exchange) === flags && this.#model.violated === violated;
    if (!isAlike) return UNLIKE;
    return (flags & KIND_MASK) === NEXT ? this.#take(words, this.#stored(), index) : undefined;
  }

  #noteChanges(before: Int32Array, after: Int32Array): void {
    for (const [word, value] of after.entries()) if (value !== before[word]) this.#ofPages.add(word);
  }

  #take(words: Int32Array, exchanged: Int32Array, parent: number): string | undefined {
    const answer = this.#table.insert(words, 0, parent, 0);
    if (answer === FULL) return 'it has too many states with three pages already';
    if (answer !== ADDED) {
      const known = this.#exchanged[this.#table.index]!;
      return known.every((word, at) => word === exchanged[at]) ? undefined : UNLIKE;
    }
    this.#exchanged.push(exchanged);
    const word = this.#renaming.learn(words, exchanged);
    if (word === undefined) return undefined;
    return word < MACHINE_WORDS ? UNLIKE : `word ${word - MACHINE_WORDS} of its state cannot be exchanged between c0 and c1`;
  }

  /** What was possible for the last pair has been found possible for all; the one that is used is tried again. */
  #holdAgainstAll(): string | undefined {
    const origins = this.#renaming.origins();
    if (origins === undefined) return NO_EXCHANGE;
    this.#origins = origins;
    const mixed = origins.findIndex(({ swaps }, word) => swaps.length > 0 && this.#ofPages.has(word));
    if (mixed !== -1) return `word ${mixed - MACHINE_WORDS} of its state holds pages of both containers`;
    const rename = renamingOf(origins);
    const renamed = new Int32Array(this.#model.wordCount);
    for (const [index, exchanged] of this.#exchanged.entries()) {
      rename(this.#table.words, index * renamed.length, renamed);
      if (!renamed.every((word, at) => word === exchanged[at])) return NO_EXCHANGE;
    }
    return undefined;
  }

  #wordsOf(index: number): Int32Array {
    const { wordCount } = this.#model;
    return this.#table.words.subarray(index * wordCount, (index + 1) * wordCount);
  }

  #stepFrom(words: Int32Array, transition: number): number {
    this.#model.load!(words, 0);
    return this.#model.step(transition);
  }

  #stored(): Int32Array {
    const words = new Int32Array(this.#model.wordCount);
    this.#model.store(words, 0);
    return words;
  }

  /** The number of the operation with both containers exchanged. */
  #exchange({ kind, of, refuser, refusedPage }: PageOperation): number {
    const wantedOf = kind === SWITCH ? other(of) : of;
    return this.#operations.findIndex((one) => {
      return one.kind === kind && one.of === wantedOf && one.refuser === other(refuser) && one.refusedPage === refusedPage;
    });
  }
}

function other(container: number): number {
  return container === NONE ? NONE : 1 - container;
}
