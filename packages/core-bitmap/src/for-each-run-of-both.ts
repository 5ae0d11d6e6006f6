// SPDX-License-Identifier: MIT
/*
 * Runs of A AND B, the commonest question of the lab (populated and shared). Two large bitmaps are walked together as
 * forEachRunWhere does, without a list of conditions to build; any other two leapfrog.
 */
import { checkRange } from './_internals/check.ts';
import { borrow, giveBack } from './_internals/joint.ts';
import { walkRunsWhere } from './_internals/runs-where.ts';
import { treeOf } from './bitmap.ts';
import type { EmitBits } from './emit-bits.ts';
import type { ReadonlyBitmap } from './readonly-bitmap.ts';

/**
 * Emits the maximal runs of the window that are set in both bitmaps, ascending. Returns 0, or what `emit`
 * returned to stop. Refuses a window that does not lie inside both.
 * @public
 */
export function forEachRunOfBoth(
  a: ReadonlyBitmap,
  b: ReadonlyBitmap,
  firstBit: number,
  endBit: number,
  emit: EmitBits,
): number {
  checkRange('forEachRunOfBoth', firstBit, endBit, Math.min(a.bitCount, b.bitCount));
  const one = treeOf(a);
  const other = treeOf(b);
  if (one === undefined || other === undefined) return leapfrog(a, b, firstBit, endBit, emit);
  const joint = borrow();
  try {
    joint.add(one, 0);
    joint.add(other, 0);
    return walkRunsWhere(joint, firstBit, endBit - 1, emit);
  } finally {
    giveBack(joint);
  }
}

function leapfrog(a: ReadonlyBitmap, b: ReadonlyBitmap, firstBit: number, endBit: number, emit: EmitBits): number {
  let from = firstBit;
  while (from < endBit) {
    const start = a.nextSet(from, endBit);
    const other = b.nextSet(start, endBit);
    if (start !== other) {
      from = other;
      continue;
    }
    if (start === endBit) return 0;
    const end = b.nextClear(start, a.nextClear(start, endBit));
    const stop = emit(start, end);
    if (stop !== 0) return stop;
    from = end;
  }
  return 0;
}
