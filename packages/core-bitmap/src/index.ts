// SPDX-License-Identifier: MIT
export { BitRangeError } from './bit-range-error.ts';
export { Bitmap } from './bitmap.ts';
export type { Condition } from './condition.ts';
export type { EmitBits } from './emit-bits.ts';
export { forEachRunOfBoth } from './for-each-run-of-both.ts';
export { forEachRunWhere } from './for-each-run-where.ts';
export type { Occupancy } from './occupancy.ts';
export type { ReadonlyBitmap } from './readonly-bitmap.ts';
