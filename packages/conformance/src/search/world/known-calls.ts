// SPDX-License-Identifier: MIT
/**
 * Which sets of refusals one operation meets in one state, without trying them all.
 *
 * A run with a set goes as the run with the same set less its last refusal, up to that refusal. So a set comes true
 * exactly when one of its members can be left out such that the rest comes true and makes at least so many calls of that
 * kind; the empty set always does. Sets are run in the order of `faultSets`, smaller ones first, so that what is asked is
 * known. A run that makes more calls than there are indices is an error of the bound, not a gap in it.
 *
 * Not covered: a state entered anew by its operations, not by a load; there a set has to be tried.
 */
import { assert } from '@sda-lab/guest-memory';
import type { WorldContainer } from '../../world/world-container.ts';
import { callsOf, type FaultSet } from './fault-sets.ts';

/** A set less one of its members: which set that is, and which call of which slot the member refuses. */
interface Rest {
  readonly set: number;
  readonly slot: number;
  readonly index: number;
}

export class KnownCalls {
  readonly #rests: readonly (readonly Rest[])[];
  /** By set: the next one that may come true although this one does not. */
  readonly #jumps: Int32Array;
  readonly #slotCount: number;
  readonly #mostCalls: number;
  /** By set and slot: the calls of its run, or -1 while it was not run, or was not met. */
  readonly #calls: Int32Array;
  #operation = -1;

  constructor(sets: readonly FaultSet[], mostCalls: number) {
    const indexOf = new Map(sets.map((set, at) => [String(set), at]));
    this.#rests = sets.map((set) =>
      set.flatMap((index, slot) => (index === 0 ? [] : [{ set: indexOf.get(String(set.with(slot, 0)))!, slot, index }])),
    );
    this.#jumps = jumpsOf(this.#rests);
    this.#slotCount = sets[0]!.length;
    this.#mostCalls = mostCalls;
    this.#calls = new Int32Array(sets.length * this.#slotCount).fill(-1);
  }

  /** Another state: nothing is known of it. */
  forget(): void {
    this.#operation = -1;
  }

  /** An operation ran with a set (0: none), every refusal of which came. Nothing of other operations is kept. */
  note(operation: number, set: number, containers: readonly WorldContainer[]): void {
    if (set === 0) {
      this.#operation = operation;
      this.#calls.fill(-1);
    } else if (this.#operation !== operation) return;
    for (let slot = 0; slot < this.#slotCount; slot += 1) {
      const calls = callsOf(containers, slot);
      assert(calls <= this.#mostCalls, 'an operation of a searched world makes no more calls than refusals are tried at');
      this.#calls[set * this.#slotCount + slot] = calls;
    }
  }

  /** The first set from this one on that is not known to stay away; the number of sets when there is none. */
  next(operation: number, set: number): number {
    let at = set;
    while (at < this.#jumps.length && this.comesTrue(operation, at) === false) at = this.#jumps[at]!;
    return at;
  }

  /** Whether every refusal of a set comes; undefined when it takes a try to know. */
  comesTrue(operation: number, set: number): boolean | undefined {
    if (this.#operation !== operation) return undefined;
    const rests = this.#rests[set]!;
    for (let at = 0; at < rests.length; at += 1) {
      const { set: rest, slot, index } = rests[at]!;
      if (this.#calls[rest * this.#slotCount + slot]! >= index) return true;
    }
    return rests.length === 0;
  }
}

/** Where the third call of a kind never comes, the fourth does not either: sets of one refusal go to those of another kind. */
function jumpsOf(rests: readonly (readonly Rest[])[]): Int32Array {
  const jumps = new Int32Array(rests.length);
  for (let set = rests.length - 1; set >= 0; set -= 1) {
    const [only, another] = rests[set]!;
    const behind = rests[set + 1];
    const isAlike = only !== undefined && another === undefined && behind?.length === 1 && behind[0]!.slot === only.slot;
    assert(!isAlike || behind[0]!.index === only.index + 1, 'sets of one refusal ascend by its index, kind by kind');
    jumps[set] = isAlike ? jumps[set + 1]! : set + 1;
  }
  return jumps;
}
