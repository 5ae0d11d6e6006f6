// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import type { EmitBits, Occupancy } from '@sda-lab/core-bitmap';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryCuts, everyCut, smallCut, steps } from './arbitraries.ts';
import { firstDisagreement } from './check.ts';

class ClearsOneTooFew extends Bitmap {
  override assign(firstBit: number, endBit: number, value: boolean): void {
    super.assign(firstBit, value || endBit === firstBit ? endBit : endBit - 1, value);
  }
}

class SetsOneTooMany extends Bitmap {
  override assign(firstBit: number, endBit: number, value: boolean): void {
    super.assign(firstBit, value && endBit > firstBit && endBit < this.bitCount ? endBit + 1 : endBit, value);
  }
}

class LooksPastTheWindow extends Bitmap {
  override nextSet(fromBit: number): number {
    return super.nextSet(fromBit, this.bitCount);
  }
}

class SplitsRunsAtLeaves extends Bitmap {
  override forEachSetRun(firstBit: number, endBit: number, emit: EmitBits): number {
    return super.forEachSetRun(firstBit, endBit, (first, end) => {
      const middle = Math.floor((end - 1) / 512) * 512;
      return middle > first ? emit(first, middle) || emit(middle, end) : emit(first, end);
    });
  }
}

class ForgetsTheStop extends Bitmap {
  override forEachClearRun(firstBit: number, endBit: number, emit: EmitBits): number {
    super.forEachClearRun(firstBit, endBit, emit);
    return 0;
  }
}

class ClassifiesByTheEnds extends Bitmap {
  override classify(firstBit: number, endBit: number): Occupancy {
    if (this.test(firstBit) !== this.test(endBit - 1)) return 'mixed';
    return this.test(firstBit) ? 'set' : 'clear';
  }
}

class CountsTheEnd extends Bitmap {
  override popcount(firstBit: number, endBit: number): number {
    return super.popcount(firstBit, Math.min(endBit + 1, this.bitCount));
  }
}

describe.each([
  { planted: ClearsOneTooFew, seenIn: 'popcount|nextSet|setRuns|clearRuns|nextClear' },
  { planted: SetsOneTooMany, seenIn: 'popcount|nextSet|setRuns|clearRuns|nextClear' },
  { planted: LooksPastTheWindow, seenIn: 'nextSet' },
  { planted: SplitsRunsAtLeaves, seenIn: 'setRuns', needsLeaves: true },
  { planted: ForgetsTheStop, seenIn: 'clearRunsStopped' },
  { planted: ClassifiesByTheEnds, seenIn: 'classify' },
  { planted: CountsTheEnd, seenIn: 'popcount' },
])('$planted.name', ({ planted: Planted, seenIn, needsLeaves = false }) => {
  test.each([
    ...(needsLeaves ? [] : [{ name: 'in one number', cuts: smallCut }]),
    { name: 'bit by bit', cuts: everyCut },
    { name: 'at boundaries', cuts: boundaryCuts },
  ])('is caught $name', ({ cuts }) => {
    const property = fc.property(cuts, steps, (at, writes) => {
      expect(firstDisagreement(new Planted(at.at(-1)!), at, writes)).toBeUndefined();
    });
    const found = fc.check(property, { numRuns: 1000, seed: 1, endOnFailure: true });
    expect(found.failed).toBe(true);
    const [at, writes] = found.counterexample!;
    expect(firstDisagreement(new Planted(at.at(-1)!), at, writes)).toMatch(new RegExp(`(${seenIn}) of`));
    expect(firstDisagreement(new Bitmap(at.at(-1)!), at, writes)).toBeUndefined();
  });
});
