// SPDX-License-Identifier: MIT
import type { IovaRange } from '../geometry.ts';

/** Numbers as recordings write them. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

export function rangeTexts(ranges: readonly IovaRange[]): string[][] {
  return ranges.map(({ start, last }) => [hex(start), hex(last)]);
}
