// SPDX-License-Identifier: MIT
/*
 * What a walk over several trees keeps while it is under way: the trees, what is asked of each, and the AND of their bits in
 * one 2 MiB region. Borrowed for a walk and given back, so that walks allocate nothing once a few are known; as many are out
 * at a time as walks are nested, as a callback may walk, too.
 */
import { LEAF_WORDS } from './radix.ts';
import type { Radix } from './radix.ts';

export class Joint {
  readonly trees: Radix[] = [];
  /** For each tree what to xor so that a fitting bit reads 1. */
  readonly flips: number[] = [];
  /** For each tree the leaf at the place last looked at, 0 where its bits come from a slot. */
  readonly leaves: number[] = [];
  readonly words: Int32Array = new Int32Array(LEAF_WORDS);
  /** Where the walk is. */
  at = 0;
  /** Up to where, included, the answer to the last look holds. */
  end = 0;
  /** The start of the run under way; -1 when there is none. */
  open = -1;
  /** The edition that the walk has seen. */
  seen = 0;

  add(tree: Radix, flip: number): void {
    this.trees.push(tree);
    this.flips.push(flip);
    this.leaves.push(0);
  }

  /** Changes with every write to any of the trees. */
  edition(): number {
    let sum = 0;
    for (let turn = 0; turn < this.trees.length; turn += 1) sum = (sum + this.trees[turn]!.edition) | 0;
    return sum;
  }
}

const idle: Joint[] = [];

export function borrow(): Joint {
  return idle.pop() ?? new Joint();
}

/** Keeps no bitmap alive. */
export function giveBack(joint: Joint): void {
  joint.trees.length = 0;
  joint.flips.length = 0;
  joint.leaves.length = 0;
  idle.push(joint);
}
