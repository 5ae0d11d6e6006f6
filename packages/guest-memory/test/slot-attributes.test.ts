// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GfnRange } from '../src/gfn-range.ts';
import { SlotAttributes } from '../src/slot-attributes.ts';

const GFNS = 120;

const range: fc.Arbitrary<GfnRange> = fc
  .tuple(fc.nat(GFNS - 1), fc.integer({ min: 1, max: 40 }))
  .map(([firstGfn, count]) => ({ firstGfn, endGfn: Math.min(GFNS, firstGfn + count) }));

type Step =
  | { readonly op: 'slot'; readonly range: GfnRange }
  | { readonly op: 'assign'; readonly range: GfnRange; readonly isPrivate: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ op: fc.constant('slot' as const), range }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('assign' as const), range, isPrivate: fc.boolean() }) },
  ),
  { maxLength: 30 },
);

/** One boolean per guest page, for all of them. A slot sets its own when it comes, as QEMU does. */
function firstDisagreement(subject: SlotAttributes, list: readonly Step[]): string | undefined {
  const all = Array.from({ length: GFNS }, () => false);
  let slots: GfnRange[] = [];
  for (const [at, step] of list.entries()) {
    const { firstGfn, endGfn } = step.range;
    const isPrivate = step.op === 'slot' || step.isPrivate;
    if (step.op === 'slot') {
      subject.of(step.range);
      slots = [...slots.filter((one) => one.endGfn <= firstGfn || endGfn <= one.firstGfn), step.range];
    }
    subject.assign(firstGfn, endGfn, isPrivate);
    all.fill(isPrivate, firstGfn, endGfn);
    for (const slot of slots) {
      for (let gfn = slot.firstGfn; gfn < slot.endGfn; gfn += 1) {
        if (subject.isPrivate(gfn) !== all[gfn]) return `step ${at}: guest page ${gfn} is not ${String(all[gfn])}`;
        if (subject.of(slot).test(gfn - slot.firstGfn) !== all[gfn]) return `step ${at}: bit of guest page ${gfn}`;
      }
    }
  }
  return undefined;
}

class ForgetsTheEnd extends SlotAttributes {
  override assign(firstGfn: number, endGfn: number, isPrivate: boolean): void {
    super.assign(firstGfn, Math.max(firstGfn, endGfn - 1), isPrivate);
  }
}

class ReusesWhatLiesAcross extends SlotAttributes {
  #isFirst = true;

  override of(slot: GfnRange): ReturnType<SlotAttributes['of']> {
    if (!this.#isFirst) return super.of(slot);
    this.#isFirst = false;
    return super.of({ firstGfn: slot.firstGfn, endGfn: Math.min(GFNS, slot.endGfn + 1) });
  }
}

describe('SlotAttributes', () => {
  test('answers for every slot as an array over all guest pages does', () => {
    fc.assert(
      fc.property(steps, (list) => {
        expect(firstDisagreement(new SlotAttributes(), list)).toBeUndefined();
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('guest pages that no slot ever showed are shared', () => {
    const attributes = new SlotAttributes();
    attributes.assign(0, 9, true);
    attributes.of({ firstGfn: 4, endGfn: 6 });
    expect([3, 4, 6].map((gfn) => attributes.isPrivate(gfn))).toEqual([false, false, false]);
  });

  test.each([ForgetsTheEnd, ReusesWhatLiesAcross])('%o is caught', (Planted) => {
    const property = fc.property(steps, (list) => firstDisagreement(new Planted(), list) === undefined);
    expect(fc.check(property, { seed: 1, numRuns: 300 }).failed).toBe(true);
  });
});
