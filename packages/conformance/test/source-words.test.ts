// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHistory, World } from '../src/index.ts';
import { SourceWords } from '../src/world/source-words.ts';
import { reference } from './strategies/reference.ts';
import { settings } from './support/settings.ts';

describe('words of which sources have joined', () => {
  test('are a bit each, and come back', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 70 }), (flags) => {
        const joined = Uint8Array.from(flags, Number);
        const words = new SourceWords(joined);
        const stored = new Int32Array(words.count + 1).fill(-1);
        words.store(stored, 1);
        expect(stored[0]).toBe(-1);
        const bits = Array.from(stored.slice(1), (word) => (word >>> 0).toString(2).padStart(32, '0')).toReversed().join('');
        expect(bits.split('').toReversed().slice(0, flags.length).map((bit) => bit === '1')).toEqual(flags);
        expect(bits.replaceAll('0', '').length).toBe(flags.filter(Boolean).length);
        joined.fill(1);
        words.load(stored, 1);
        expect([...joined].map((one) => one === 1)).toEqual(flags);
      }),
      settings(200),
    );
  });

  test('a load puts a source back that has left', () => {
    const { world: spec, operations } = parseHistory('world(pages=1, vmem=1x1); del-source(m0)');
    const world = new World(spec, reference);
    const { sources } = world.machine;
    const before = new Int32Array(sources!.words.count);
    sources!.words.store(before, 0);
    world.apply(operations[0]!);
    expect(sources!.hasJoined(0)).toBe(false);
    sources!.words.load(before, 0);
    expect(sources!.hasJoined(0)).toBe(true);
  });
});
