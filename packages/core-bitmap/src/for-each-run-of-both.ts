// SPDX-License-Identifier: MIT
/*
 * Runs of A AND B, the commonest question of the lab (populated and shared). Leapfrogs like forEachRunWhere,
 * without a list of conditions to build.
 */
import { checkRange } from './_internals/check.ts';
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
