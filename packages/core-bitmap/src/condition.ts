// SPDX-License-Identifier: MIT
import type { ReadonlyBitmap } from './readonly-bitmap.ts';

/**
 * Holds at a bit position when the bit of `bits` there equals `is`.
 * @public
 */
export interface Condition {
  readonly bits: ReadonlyBitmap;
  readonly is: boolean;
}
