// SPDX-License-Identifier: MIT
/*
 * A slot below ALL_SET is no reference: it holds a mixed region with a single run in it, set or clear, and needs no record.
 * Guests have many of them: one bounce page in a gigabyte, a buffer that ends inside 2 MiB.
 *
 *   bit 31: 1   bit 30: value of the run   bits 18..29: its length, 1 to 4095   bits 0..17: where it starts in the slot
 *
 * Around the run is the other value. Only slots of 2 MiB and 1 GiB may hold one; a run never fills its slot. (ALL_SET
 * would be a run of 4095 bits from the last bit on, which is none.) Positions are local to the slot, `end` and `last` as
 * their names say. Does not cover two runs: those need a leaf or a node.
 */
import type { Occupancy } from '../occupancy.ts';
import { ALL_CLEAR, ALL_SET } from './radix.ts';

const LONGEST = 4095;
const LENGTH_SHIFT = 18;
const SIGN = 1 << 31;

/** log2 of the bits of the largest slot that may hold a run. */
export const ONE_RUN_SHIFT = 18;

/** What tells the caller that the bits need a record. */
export const NEEDS_RECORD = 1;

export function runStart(slot: number): number {
  return slot & 0x3ffff;
}

export function runEnd(slot: number): number {
  return (slot & 0x3ffff) + ((slot >>> LENGTH_SHIFT) & LONGEST);
}

/** ALL_CLEAR or ALL_SET. */
export function runValue(slot: number): number {
  return (slot << 1) >> 31;
}

/** How many bits of a slot of 2^`shift` bits are set. */
export function countOneRun(slot: number, shift: number): number {
  const length = (slot >>> LENGTH_SHIFT) & LONGEST;
  return runValue(slot) === ALL_SET ? length : (1 << shift) - length;
}

export function countOneRunWithin(slot: number, first: number, last: number): number {
  const inRun = Math.max(0, Math.min(runEnd(slot), last + 1) - Math.max(runStart(slot), first));
  return runValue(slot) === ALL_SET ? inRun : last + 1 - first - inRun;
}

/** The value of the bit at `at`, ALL_CLEAR or ALL_SET. */
export function valueAt(slot: number, at: number): number {
  return at >= runStart(slot) && at < runEnd(slot) ? runValue(slot) : ~runValue(slot);
}

/** The first bit of `first..last` that, xor `flip`, is 1; -1 when there is none. */
export function findInOneRun(slot: number, first: number, last: number, flip: number): number {
  const start = runStart(slot);
  const end = runEnd(slot);
  if (runValue(slot) !== flip) {
    const found = first > start ? first : start;
    return found < end && found <= last ? found : -1;
  }
  const found = first >= start && first < end ? end : first;
  return found <= last ? found : -1;
}

export function classifyOneRun(slot: number, first: number, last: number): Occupancy {
  const start = runStart(slot);
  const end = runEnd(slot);
  const isInside = first >= start && last < end;
  if (!isInside && first < end && last >= start) return 'mixed';
  return (runValue(slot) === ALL_SET) === isInside ? 'set' : 'clear';
}

/**
 * The slot after `first..last` became `value`, when a slot can say it: uniform, or one run. `slot` is uniform of the other
 * value or holds one run. Otherwise NEEDS_RECORD.
 */
export function fillOneRun(slot: number, shift: number, first: number, last: number, value: number): number {
  if (shift > ONE_RUN_SHIFT) return NEEDS_RECORD;
  if (slot >= ALL_SET) return oneRun(shift, first, last + 1, value);
  const start = runStart(slot);
  const end = runEnd(slot);
  if (runValue(slot) === value) {
    if (first > end || last + 1 < start) return NEEDS_RECORD;
    return oneRun(shift, Math.min(first, start), Math.max(last + 1, end), value);
  }
  if (first >= end || last < start) return slot;
  if (first > start && last + 1 < end) return NEEDS_RECORD;
  if (first > start) return oneRun(shift, start, first, ~value);
  return last + 1 < end ? oneRun(shift, last + 1, end, ~value) : value;
}

function oneRun(shift: number, start: number, end: number, value: number): number {
  const length = end - start;
  if (length === 1 << shift) return value;
  return length > LONGEST ? NEEDS_RECORD : SIGN | (value & (1 << 30)) | (length << LENGTH_SHIFT) | start;
}

/** What surrounds the run: ALL_CLEAR or ALL_SET. */
export function around(slot: number): number {
  return runValue(slot) === ALL_SET ? ALL_CLEAR : ALL_SET;
}
