// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import {
  clearRuns,
  type ConversionRequest,
  discardOther,
  ERRNO,
  type GfnRange,
  type Host,
  type PageRange,
  type PageRun,
  type RamBlock,
  type Regime,
  type Side,
  type Status,
  setRuns, switchSide,
  takeBack,
} from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const block: RamBlock = { name: 'ram', pageCount: 16, hostFirstPage: 0, hasGuestMemfd: true };
/** Block pages 4 to 11 at guest pages 104 to 111. */
const request: ConversionRequest = {
  pages: { block, firstPage: 4, endPage: 12 },
  gfns: { firstGfn: 104, endGfn: 112 },
};

interface FakeHost extends Host {
  readonly calls: string[];
}

function createHost(regime: Regime, status: Status = 0): FakeHost {
  const calls: string[] = [];
  const pages = (call: string) => (range: PageRange, side: Side) => {
    calls.push(`${call} [${range.firstPage},${range.endPage}) ${side}`);
    return status;
  };
  const setAttributes = ({ firstGfn, endGfn }: GfnRange, side: Side): Status => {
    calls.push(`attributes [${firstGfn},${endGfn}) ${side}`);
    return status;
  };
  return { regime, isDiscardDisabled: false, calls, setAttributes, convertInPlace: pages('convert'), discard: pages('discard'), lock: () => true, unlock: () => undefined, exit: () => undefined };
}

describe('steps of a conversion', () => {
  test.each([
    { regime: 'two-backend' as const, calls: ['attributes [104,112) shared', 'discard [4,12) private'] },
    { regime: 'in-place' as const, calls: ['convert [4,12) shared'] },
  ])('steps/regime: $regime switches and frees in its own way', ({ regime, calls }) => {
    const host = createHost(regime);
    expect([switchSide(host, request, 'shared'), discardOther(host, request.pages, 'shared')]).toEqual([0, 0]);
    expect(host.calls).toEqual(calls);
  });

  test('steps/refusal: what the host answers is returned', () => {
    const host = createHost('in-place', -ERRNO.EAGAIN);
    expect(switchSide(host, request, 'private')).toBe(-ERRNO.EAGAIN);
    expect(discardOther(createHost('two-backend', -ERRNO.EIO), request.pages, 'private')).toBe(-ERRNO.EIO);
  });

  test('steps/clear-runs: runs are data that later changes of the bitmap do not touch', () => {
    const bits = new Bitmap(16);
    bits.set(6, 8);
    bits.set(11, 16);
    const runs = clearRuns(bits, request.pages);
    bits.set(0, 16);
    expect(runs).toEqual([{ firstPage: 4, endPage: 6 }, { firstPage: 8, endPage: 11 }]);
    expect(clearRuns(bits, request.pages)).toEqual([]);
  });

  test('steps/set-runs: are what is left of the range', () => {
    const bits = new Bitmap(16);
    bits.set(2, 5);
    bits.set(8, 11);
    const runs = setRuns(bits, request.pages);
    bits.clear(0, 16);
    expect(runs).toEqual([{ firstPage: 4, endPage: 5 }, { firstPage: 8, endPage: 11 }]);
    expect(setRuns(bits, request.pages)).toEqual([]);
  });
});

describe('taking a refused sharing back', () => {
  const take = (regime: Regime, held: readonly number[], wasPrivate: readonly PageRun[]): { calls: string[]; kept: string[] } => {
    const host = createHost(regime);
    const kept: string[] = [];
    takeBack(host, request, wasPrivate, {
      isHeld: (page) => held.includes(page),
      keep: ({ firstPage, endPage }) => void kept.push(`[${firstPage},${endPage})`),
    });
    return { calls: host.calls, kept };
  };

  test('take-back/nobody-holds: every run turns private again and loses its shared side', () => {
    const { calls, kept } = take('two-backend', [], [{ firstPage: 4, endPage: 6 }, { firstPage: 9, endPage: 12 }]);
    expect(kept).toEqual([]);
    expect(calls).toEqual(['attributes [104,106) private', 'discard [4,6) shared', 'attributes [109,112) private', 'discard [9,12) shared']);
  });

  test('take-back/held: a page somebody holds stays shared and keeps its frame', () => {
    const { calls, kept } = take('two-backend', [5, 6], [{ firstPage: 4, endPage: 8 }]);
    expect(kept).toEqual(['[5,7)']);
    expect(calls).toEqual(['attributes [104,105) private', 'discard [4,5) shared', 'attributes [107,108) private', 'discard [7,8) shared']);
  });

  test('take-back/in-place: the one backing changes owner back and is not freed', () => {
    expect(take('in-place', [4], [{ firstPage: 4, endPage: 6 }])).toEqual({ calls: ['convert [5,6) private'], kept: ['[4,5)'] });
  });

  test('take-back/to-shared: a refused taking back from sharing returns the runs to the shared side and frees the private one', () => {
    const host = createHost('two-backend');
    const kept: PageRun[] = [];
    const holders = { isHeld: (page: number) => page === 5, keep: (run: PageRun) => void kept.push(run) };
    takeBack(host, request, [{ firstPage: 4, endPage: 7 }], holders, 'shared');
    expect(kept).toEqual([{ firstPage: 5, endPage: 6 }]);
    expect(host.calls).toEqual(['attributes [104,105) shared', 'discard [4,5) private', 'attributes [106,107) shared', 'discard [6,7) private']);
  });

  test('take-back/each-page-once: a page is kept or turned back, never both, never neither', () => {
    const pages = fc.uniqueArray(fc.integer({ min: 4, max: 11 }));
    fc.assert(
      fc.property(pages, pages, (held, notPrivate) => {
        const bits = new Bitmap(16);
        for (const page of notPrivate) bits.set(page, page + 1);
        const { calls, kept } = take('in-place', held, clearRuns(bits, request.pages));
        const listed = (lines: readonly string[]): number[] =>
          lines.flatMap((line) => {
            const [, first, end] = /\[(\d+),(\d+)\)/.exec(line)!;
            return Array.from({ length: Number(end) - Number(first) }, (_, n) => Number(first) + n);
          });
        const wasPrivate = [4, 5, 6, 7, 8, 9, 10, 11].filter((page) => !notPrivate.includes(page));
        expect(listed(kept)).toEqual(wasPrivate.filter((page) => held.includes(page)));
        expect(listed(calls)).toEqual(wasPrivate.filter((page) => !held.includes(page)));
      }),
    );
  });
});
