// SPDX-License-Identifier: MIT
/**
 * Words of the judge: what it remembers from one operation to the next and would judge differently by.
 *
 *   four bits each, eight to a word: first whether what is found is latent (1); then, per position (the ROM's too), what
 *   a refused operation left pending (0 to 2) | a call about it was refused 4 | plugged 8
 *
 * Plugged is what was announced, which is what a guest goes by; a broken device may have other bits. Left out, and why:
 * - what each container maps and pins: the judge's table repeats the kernel's, so a load reads it again there;
 * - everything about the operation under way: there is none, and the next one begins by setting it anew;
 * - violations: who searches takes those of each operation (`takeViolations`). The first of an invariant hides later
 *   ones of the same operation only;
 * - witnesses, and the mark of pages discarded under a device, which decides over one witness and nothing else. Both go
 *   on over a load: they say what some history did, and equal states have equal futures, whichever history it was.
 *
 * Stored and loaded between operations; the kernel's words are loaded before these.
 */
import { assert, ExactMarks, type PageNumbers, type Words } from '@sda-lab/guest-memory';
import { gfnOf } from '../world/layout.ts';
import type { JudgeState } from './judge-state.ts';
import type { PageTable } from './page-table.ts';

const BITS = 4;
const PER_WORD = 32 / BITS;
const PENDING_MASK = 3;
const REFUSED = 4;
const PLUGGED = 8;

export class JudgeWords implements Words {
  readonly count: number;
  readonly #state: JudgeState;
  readonly #marks: Readonly<Record<'pending' | 'refusedOnce' | 'plugged', Uint8Array>>;
  readonly #refusedBit: number;
  /** Those whose guest does not map what it likes: of the others the judge has none. */
  readonly #tables: readonly PageTable[];
  /** Positions by guest page, ascending, and their guest pages. */
  readonly #positions: readonly number[];
  readonly #gfns: readonly number[];

  /**
   * `keepsRefusals`: without, a load forgets which calls were refused. They decide only whether a page that success left
   * unmapped breaks `atomic` beside `complete`; who compares every retry with the operation unrefused asks more.
   */
  constructor(state: JudgeState, keepsRefusals = true) {
    this.#state = state;
    const pending = valuesOf(state.pending);
    this.#marks = { pending, refusedOnce: valuesOf(state.refusedOnce), plugged: valuesOf(state.plugged) };
    this.#refusedBit = keepsRefusals ? REFUSED : 0;
    this.count = Math.ceil((1 + pending.length) / PER_WORD);
    this.#tables = state.tables.filter(({ container }) => container.isBehindViommu !== true);
    const { layout } = state;
    const gfnAt = (position: number): number => gfnOf(layout.spanAt(position), position);
    this.#positions = Array.from(pending.keys()).toSorted((one, other) => gfnAt(one) - gfnAt(other));
    this.#gfns = this.#positions.map(gfnAt);
  }

  store(words: Int32Array, at: number): void {
    const { isLatent } = this.#state;
    const { pending, refusedOnce, plugged } = this.#marks;
    let word = isLatent ? 1 : 0;
    let shift = BITS;
    let index = at;
    for (let position = 0; position < pending.length; position += 1) {
      if (shift === 32) {
        words[index] = word;
        index += 1;
        word = 0;
        shift = 0;
      }
      word |= (pending[position]! | (refusedOnce[position]! * this.#refusedBit) | (plugged[position]! * PLUGGED)) << shift;
      shift += BITS;
    }
    words[index] = word;
  }

  load(words: Int32Array, at: number): void {
    const state = this.#state;
    const { pending, refusedOnce, plugged } = this.#marks;
    let index = at;
    let word = words[at]!;
    state.isLatent = (word & 1) === 1;
    let shift = BITS;
    for (let position = 0; position < pending.length; position += 1) {
      if (shift === 32) {
        index += 1;
        word = words[index]!;
        shift = 0;
      }
      const own = word >>> shift;
      pending[position] = own & PENDING_MASK;
      refusedOnce[position] = (own & REFUSED) >>> 2;
      plugged[position] = (own & PLUGGED) >>> 3;
      shift += BITS;
    }
    for (const table of this.#tables) table.readEach(this.#gfns, this.#positions);
  }
}

function valuesOf(marks: PageNumbers): Uint8Array {
  assert(marks instanceof ExactMarks, 'words are those of a judge in exact storage');
  return marks.values;
}
