// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashWords, shardOf } from '../../src/search/hash-words.ts';
import { ADDED, FULL, KNOWN, StateTable } from '../../src/search/state-table.ts';
import { settings } from '../support/settings.ts';

const words = (...values: number[]): Int32Array => Int32Array.from(values);

describe('a state table', () => {
  test('keeps each state once, in the order they came, with where it came from', () => {
    const table = new StateTable(2);
    expect(table.insert(words(7, 8), 0, -1, -1)).toBe(ADDED);
    expect(table.insert(words(0, 7, 9), 1, 0, 5)).toBe(ADDED);
    expect(table.insert(words(7, 8), 0, 1, 6)).toBe(KNOWN);
    expect(table.index).toBe(0);
    expect([table.count, table.parentOf(1), table.transitionOf(1)]).toEqual([2, 0, 5]);
    expect([...table.words.subarray(0, 4)]).toEqual([7, 8, 7, 9]);
  });

  test('answers as a map of texts does, while it grows', () => {
    const state = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer(), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(fc.array(state, { minLength: 1500, maxLength: 3000, size: 'max' }), (states) => {
        const table = new StateTable(3);
        const known = new Map<string, number>();
        for (const [at, values] of states.entries()) {
          const key = values.join(' ');
          const isKnown = known.has(key);
          expect(table.insert(words(...values), 0, at, 0)).toBe(isKnown ? KNOWN : ADDED);
          if (!isKnown) known.set(key, known.size);
          expect(table.index).toBe(known.get(key));
        }
        expect(table.count).toBe(known.size);
      }),
      settings(5),
    );
  });

  test('tells states apart whose hashes are equal', () => {
    const [a, b] = collision();
    const table = new StateTable(2);
    expect(hashWords(a, 0, 2)).toBe(hashWords(b, 0, 2));
    expect([table.insert(a, 0, -1, -1), table.insert(b, 0, -1, -1), table.insert(a, 0, -1, -1)]).toEqual([ADDED, ADDED, KNOWN]);
  });

  test('is full at its bound, says so, and still knows what it holds', () => {
    const table = new StateTable(1, { maxStates: 3 });
    for (const value of [1, 2, 3]) expect(table.insert(words(value), 0, -1, -1)).toBe(ADDED);
    expect(table.insert(words(4), 0, -1, -1)).toBe(FULL);
    expect(table.insert(words(2), 0, -1, -1)).toBe(KNOWN);
    expect([table.count, table.index]).toEqual([3, 1]);
  });

  test.each([1, 5, 40])('of %i words never takes more bytes than it may, nor half of them', (wordCount) => {
    const maxBytes = 1 << 20;
    const table = new StateTable(wordCount, { maxBytes });
    const state = new Int32Array(wordCount);
    for (let value = 0; ; value += 1) {
      state[wordCount - 1] = value;
      if (table.insert(state, 0, -1, -1) === FULL) break;
      expect(table.byteCount).toBeLessThanOrEqual(maxBytes);
    }
    expect(table.byteCount).toBeGreaterThan(maxBytes / 2);
  });
});

describe('shardOf', () => {
  test.each([2, 3, 7, 8])('gives each of %i shards its share, and all slots of a table to each', (shards) => {
    const counts = Array.from({ length: shards }, () => 0);
    const lowBits = new Set<number>();
    for (let value = 0; value < 4096; value += 1) {
      const state = words(value & 15, value >> 4);
      const shard = shardOf(state, 0, 2, shards);
      counts[shard]! += 1;
      if (shard === 0) lowBits.add(hashWords(state, 0, 2) & 15);
    }
    for (const count of counts) expect(Math.abs(count - 4096 / shards)).toBeLessThan(0.2 * (4096 / shards));
    expect(lowBits.size).toBe(16);
  });
});

/** Two states whose hashes are equal in all 32 bits; of 2^18 states about eight pairs have that. */
function collision(): [Int32Array, Int32Array] {
  const byHash = new Map<number, Int32Array>();
  for (let value = 0; value < 1 << 18; value += 1) {
    const state = words(value & 511, Math.imul(value, 0x27d4eb2f));
    const hash = hashWords(state, 0, 2);
    const other = byHash.get(hash);
    if (other !== undefined) return [other, state];
    byHash.set(hash, state);
  }
  throw new Error('no two states with one hash');
}
