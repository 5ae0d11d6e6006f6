// SPDX-License-Identifier: MIT
/*
 * What a node of the tree remembers of its slots beside the slots themselves: two planes, their summary, counts. Kept true
 * by whoever changes a slot: first writeSlot, then addToCounts with what the slot's set bits have grown by.
 * Does not cover runs of slots (fill.ts) nor what lies below a slot.
 */
import { ALL_CLEAR, ALL_SET, GROUP_COUNTS, HAS_CLEAR, HAS_SET, SUMMARY, TOTAL } from './radix.ts';

/** Writes slot `index` of the node at word `base`, its bits in the planes and their summary. */
export function writeSlot(words: Int32Array, base: number, index: number, slot: number): void {
  words[base + index] = slot;
  const group = index >>> 5;
  const bit = 1 << (index & 31);
  const hasSet = words[base + HAS_SET + group]!;
  const hasClear = words[base + HAS_CLEAR + group]!;
  words[base + HAS_SET + group] = slot === ALL_CLEAR ? hasSet & ~bit : hasSet | bit;
  words[base + HAS_CLEAR + group] = slot === ALL_SET ? hasClear & ~bit : hasClear | bit;
  summarize(words, base, group);
}

/** Makes the summary true again for word `group` of both planes. */
export function summarize(words: Int32Array, base: number, group: number): void {
  const seen = (words[base + HAS_SET + group] === 0 ? 0 : 1) | (words[base + HAS_CLEAR + group] === 0 ? 0 : 0x1_0000);
  words[base + SUMMARY] = (words[base + SUMMARY]! & ~(0x1_0001 << group)) | (seen << group);
}

export function addToCounts(words: Int32Array, base: number, index: number, delta: number): void {
  words[base + GROUP_COUNTS + (index >>> 5)]! += delta;
  words[base + TOTAL]! += delta;
}

/** The first slot in `from..last` whose bit in the plane (HAS_SET or HAS_CLEAR) is 1; -1 when there is none. */
export function nextSlot(words: Int32Array, base: number, plane: number, from: number, last: number): number {
  let group = from >>> 5;
  let word = words[base + plane + group]! & (-1 << (from & 31));
  if (word === 0) {
    const later = (words[base + SUMMARY]! >>> (plane === HAS_SET ? 0 : 16)) & 0xffff & (-2 << group);
    if (later === 0) return -1;
    group = 31 - Math.clz32(later & -later);
    word = words[base + plane + group]!;
  }
  const found = (group << 5) + 31 - Math.clz32(word & -word);
  return found <= last ? found : -1;
}
