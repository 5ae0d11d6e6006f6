// SPDX-License-Identifier: MIT
/* The table of QEMU 10.2.2 system/physmem.c: who is refused beside whom. */
import { AssertionFailure, DiscardCoordination, ERRNO } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

type Call = 'require' | 'coordinatedRequire' | 'disable' | 'uncoordinatedDisable';

const CALLS: readonly Call[] = ['require', 'coordinatedRequire', 'disable', 'uncoordinatedDisable'];

const EBUSY = -ERRNO.EBUSY;

/** Row: who holds a count. Column, in the order of `CALLS`: what the next one hears. */
const MATRIX: Readonly<Record<Call, readonly number[]>> = {
  // require, coordinatedRequire, disable, uncoordinatedDisable
  require: [0, 0, EBUSY, EBUSY],
  coordinatedRequire: [0, 0, EBUSY, 0],
  disable: [EBUSY, EBUSY, 0, 0],
  uncoordinatedDisable: [EBUSY, 0, 0, 0],
};

const PAIRS = CALLS.flatMap((first) => CALLS.map((second, at) => ({ first, second, answer: MATRIX[first][at]! })));

function countsOf(coordination: DiscardCoordination): number[] {
  const { required, coordinatedRequired, disabled, uncoordinatedDisabled } = coordination;
  return [required, coordinatedRequired, disabled, uncoordinatedDisabled];
}

describe('discard coordination', () => {
  test.each(PAIRS)('$first held: $second answers $answer', ({ first, second, answer }) => {
    const coordination = new DiscardCoordination();
    expect(coordination[first](true)).toBe(0);
    const counts = countsOf(coordination);
    expect(coordination[second](true)).toBe(answer);
    if (answer === 0) counts[CALLS.indexOf(second)]! += 1;
    expect(countsOf(coordination)).toEqual(counts);
  });

  test.each(PAIRS.filter(({ answer }) => answer !== 0))('$first given back: $second succeeds', ({ first, second }) => {
    const coordination = new DiscardCoordination();
    coordination[first](true);
    coordination[first](true);
    coordination[first](false);
    expect(coordination[second](true)).toBe(EBUSY);
    coordination[first](false);
    expect(coordination[second](true)).toBe(0);
  });

  test('who comes second is refused, in either order', () => {
    const transposed = CALLS.map((_, row) => CALLS.map((call) => MATRIX[call][row]));
    expect(CALLS.map((call) => MATRIX[call])).toEqual(transposed);
  });

  test('any sequence of takes and gives follows the table', () => {
    const step = fc.record({ at: fc.nat(3), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const coordination = new DiscardCoordination();
        const held = [0, 0, 0, 0];
        for (const { at, take } of steps) {
          if (!take && held[at] === 0) continue;
          const refused = take && CALLS.some((holder, other) => held[other]! > 0 && MATRIX[holder][at] !== 0);
          expect(coordination[CALLS[at]!](take)).toBe(refused ? EBUSY : 0);
          if (!refused) held[at]! += take ? 1 : -1;
          expect(countsOf(coordination)).toEqual(held);
          expect(coordination.isDisabled).toBe(held[2]! + held[3]! > 0);
        }
      }),
    );
  });

  test.each(CALLS)('%s given back more often than taken is an assertion', (call) => {
    const coordination = new DiscardCoordination();
    coordination[call](true);
    expect(coordination[call](false)).toBe(0);
    expect(() => coordination[call](false)).toThrow(AssertionFailure);
    expect(countsOf(coordination)).toEqual([0, 0, 0, 0]);
  });
});
