// SPDX-License-Identifier: MIT
import { firstConfusion, firstLoss, type Words } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settings } from '../support/settings.ts';
import { JudgeBench, operations } from './judge-bench.ts';

const journey = fc.record({ before: operations, elsewhere: operations, after: operations });
const twoOrders = operations.chain((list) =>
  fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
);

describe('words of the judge', () => {
  test('a state that is loaded is stored, seen and judged as the one it was', () => {
    fc.assert(
      fc.property(journey, (list) => {
        expect(firstLoss(new JudgeBench(), new JudgeBench(), list)).toBeUndefined();
      }),
      settings(400),
    );
  });

  test('they are equal exactly when everything that can be seen is', () => {
    fc.assert(
      fc.property(twoOrders, (ways) => {
        expect(firstConfusion(new JudgeBench(), new JudgeBench(), ways)).toBeUndefined();
      }),
      settings(400),
    );
  });

  test('latent, pending, refused and plugged, four bits a position', () => {
    const { judge } = new JudgeBench();
    const words = judge.words();
    judge.isLatent = true;
    judge.begin({ index: 0, kind: 'plug', positions: [{ first: 1, end: 2 }] });
    judge.end('partial');
    const stored = new Int32Array(words.count);
    words.store(stored, 0);
    // Boot RAM is plugged (3 pages), the device's 4 pages are not; the ROM's page is the ninth of the first nibbles.
    expect([...stored].map((word) => (word >>> 0).toString(16))).toEqual(['8a81', '8']);
  });
});

/** Words that forget some bits of each position. */
function forgetting(bits: number): (words: Words) => Words {
  return (words) => ({
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      for (let index = at; index < at + words.count; index += 1) into[index]! &= ~(bits * 0x1111_1111);
    },
  });
}

const loadingNothing = (words: Words): Words => ({
  count: words.count,
  store: (into, at) => words.store(into, at),
  load: () => undefined,
});

describe('a planted fault is caught', () => {
  test.each([
    ['forget what is pending', forgetting(3)],
    ['forget which calls were refused', forgetting(4)],
    ['forget what is plugged', forgetting(8)],
    ['load nothing', loadingNothing],
  ])('words that %s', (_what, fault) => {
    const lost = fc.property(journey, (list) => firstLoss(new JudgeBench(fault), new JudgeBench(fault), list) === undefined);
    expect(fc.check(lost, { seed: 1, numRuns: 400, endOnFailure: true }).failed).toBe(true);
  });
});

describe('violations that are taken', () => {
  test('are those since the last take, and found again', () => {
    const { judge } = new JudgeBench();
    expect(judge.takeViolations()).toEqual([]);
    for (const index of [3, 4]) {
      judge.begin({ index, kind: 'convert', positions: [] });
      judge.report('atomic', { reason: 'refused-but-changed', position: index });
      judge.report('atomic', { reason: 'refused-but-changed', position: 9 });
      expect(judge.takeViolations()).toMatchObject([{ operationIndex: index, evidence: { position: index } }]);
      expect([judge.takeViolations(), judge.violations]).toEqual([[], []]);
    }
  });
});
