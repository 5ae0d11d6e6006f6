// SPDX-License-Identifier: MIT
import {
  type ConversionRequest,
  convertMemory,
  ERRNO,
  otherSide,
  PAGE_BYTES,
  type Section,
  type Side,
  type Status,
  type Strategy,
} from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMachine, type Machine } from './support/machine.ts';

type Path = Strategy['requestPath'];

const PATHS: readonly Path[] = ['first-section', 'per-section'];
const EINVAL = -ERRNO.EINVAL;

/** What the strategy was asked, as text: block pages, guest pages, side. */
interface Asked {
  readonly status: Status;
  readonly parts: readonly string[];
}

/** One guest request in bytes; the k-th part, counted from 1, is refused with -EAGAIN. */
function ask(path: Path, startBytes: bigint, sizeBytes: bigint, to: Side, refusedPart = 0, machine: Machine = createMachine('two-backend')): Asked {
  const parts: string[] = [];
  const convert = ({ pages, gfns }: ConversionRequest, side: Side): Status => {
    parts.push(`${pages.block.name} [${pages.firstPage},${pages.endPage}) at gfn [${gfns.firstGfn},${gfns.endGfn}) to ${side}`);
    return parts.length === refusedPart ? -ERRNO.EAGAIN : 0;
  };
  const status = convertMemory(machine.memory, { convert }, path, startBytes, sizeBytes, to);
  return { status, parts };
}

/** The same in guest pages. */
function askPages(path: Path, firstGfn: number, endGfn: number, to: Side, refusedPart = 0, machine?: Machine): Asked {
  return ask(path, BigInt(firstGfn * PAGE_BYTES), BigInt((endGfn - firstGfn) * PAGE_BYTES), to, refusedPart, machine);
}

describe.each(PATHS)('a request on the path %s', (path) => {
  // All of these lie in a hole or in RAM; were the section looked up first, a sharing of a hole would answer 0.
  test.each([
    { what: 'an unaligned start', start: 0x801n, size: 0x1000n },
    { what: 'an unaligned start in a hole', start: 0x5001n, size: 0x1000n },
    { what: 'an unaligned size', start: 0x0n, size: 0x1001n },
    { what: 'an unaligned size in a hole', start: 0x5000n, size: 0xfffn },
    { what: 'size zero', start: 0x1000n, size: 0n },
    { what: 'size zero in a hole', start: 0x5000n, size: 0n },
    { what: 'a negative size', start: 0x1000n, size: -0x1000n },
    { what: 'a negative start', start: -0x1000n, size: 0x1000n },
  ])('validate/bytes: $what is -EINVAL before any section is looked up', ({ start, size }) => {
    for (const to of ['shared', 'private'] as const) expect(ask(path, start, size, to)).toEqual({ status: EINVAL, parts: [] });
  });

  test.each([
    { where: 'between sections', firstGfn: 4, endGfn: 8 },
    { where: 'above all RAM', firstGfn: 20, endGfn: 24 },
    { where: 'far above', firstGfn: 2 ** 40, endGfn: 2 ** 40 + 1 },
  ])('validate/hole: a hole $where is shared by doing nothing, and cannot be private', ({ firstGfn, endGfn }) => {
    expect(askPages(path, firstGfn, endGfn, 'shared')).toEqual({ status: 0, parts: [] });
    expect(askPages(path, firstGfn, endGfn, 'private')).toEqual({ status: EINVAL, parts: [] });
  });

  test('validate/last-page: the last page below 2^64 is a hole like any other', () => {
    const last = (1n << 64n) - 0x1000n;
    expect([ask(path, last, 0x1000n, 'shared').status, ask(path, last, 0x1000n, 'private').status]).toEqual([0, EINVAL]);
  });

  test.each(['shared', 'private'] as const)('validate/rom: a ROM cannot become %s', (to) => {
    expect(askPages(path, 8, 9, to)).toEqual({ status: EINVAL, parts: [] });
    // The hole before it belongs to the same request.
    expect(askPages(path, 6, 9, to)).toEqual({ status: EINVAL, parts: [] });
  });

  test.each([
    { firstGfn: 1, endGfn: 3, part: 'ram [1,3) at gfn [1,3) to private' },
    { firstGfn: 16, endGfn: 20, part: 'ram [4,8) at gfn [16,20) to private' },
    { firstGfn: 19, endGfn: 20, part: 'ram [7,8) at gfn [19,20) to private' },
  ])('inside/one-section: guest pages [$firstGfn,$endGfn) are $part', ({ firstGfn, endGfn, part }) => {
    expect(askPages(path, firstGfn, endGfn, 'private')).toEqual({ status: 0, parts: [part] });
  });

  test('inside/refusal: what the strategy answers is the answer', () => {
    expect(askPages(path, 0, 2, 'shared', 1).status).toBe(-ERRNO.EAGAIN);
  });

  test('inside/bytes: the request may name any page below 4 GiB and above', () => {
    expect(ask(path, 0x1_0000n, 0x4000n, 'shared').parts).toEqual(['ram [4,8) at gfn [16,20) to shared']);
  });
});

describe('a range that wraps 2^64', () => {
  const last = (1n << 64n) - 0x1000n;

  test('wrap/per-section: is -EINVAL before any section is looked up', () => {
    for (const to of ['shared', 'private'] as const) {
      expect(ask('per-section', last, 0x2000n, to)).toEqual({ status: EINVAL, parts: [] });
      expect(ask('per-section', 0x1000n, 1n << 64n, to)).toEqual({ status: EINVAL, parts: [] });
    }
  });

  test('wrap/first-section: is looked up like any other, beginning in a hole or in RAM', () => {
    expect([ask('first-section', last, 0x2000n, 'shared').status, ask('first-section', last, 0x2000n, 'private').status]).toEqual([0, EINVAL]);
    const part = `ram [1,${2 ** 52 + 1}) at gfn [1,${2 ** 52 + 1}) to shared`;
    expect(ask('first-section', 0x1000n, 1n << 64n, 'shared')).toEqual({ status: 0, parts: [part] });
  });

  test('wrap/first-section: KVM then refuses the attributes, and nothing changed', () => {
    const machine = createMachine('two-backend');
    const convert = ({ gfns }: ConversionRequest, to: Side): Status => machine.memory.setAttributes(gfns, to);
    expect(convertMemory(machine.memory, { convert }, 'first-section', 0x1000n, 1n << 64n, 'shared')).toBe(EINVAL);
    expect(machine.memory.sideAt(machine.low, 1)).toBe('private');
  });
});

describe('the first section, unclipped', () => {
  test('hazard/over-the-end: past the low alias it names the pages that the high alias shows', () => {
    const { status, parts } = askPages('first-section', 2, 6, 'private');
    expect([status, parts]).toEqual([0, ['ram [2,6) at gfn [2,6) to private']]);
  });

  test('hazard/over-the-end: the guest pages it meant keep their data, others lose theirs', () => {
    const machine = createMachine('two-backend');
    const { memory, ram, high } = machine;
    memory.setAttributes({ firstGfn: 0, endGfn: 20 }, 'shared');
    const lost = memory.populate(ram, 5, 'shared');
    const convert = ({ pages, gfns }: ConversionRequest, to: Side): Status =>
      memory.setAttributes(gfns, to) || memory.discard(pages, otherSide(to));
    expect(convertMemory(memory, { convert }, 'first-section', 0x2000n, 0x4000n, 'private')).toBe(0);
    // Block page 5 is guest page 17: still shared for KVM, and its frame is gone.
    expect([memory.sideAt(high, 5), memory.backing(ram, 5, 'shared')]).toEqual(['shared', 0]);
    expect(memory.populate(ram, 5, 'shared')).toBe(lost);
    expect(memory.frames.generation(lost)).toBe(2);
  });

  test('hazard/from-a-hole: what begins before a section is shifted to its first page', () => {
    const { status, parts } = askPages('first-section', 14, 18, 'shared');
    expect([status, parts]).toEqual([0, ['ram [4,8) at gfn [14,18) to shared']]);
  });

  test('hazard/past-the-block: the strategy is handed pages the block does not have', () => {
    expect(askPages('first-section', 18, 22, 'shared').parts).toEqual(['ram [6,10) at gfn [18,22) to shared']);
  });

  test('hazard/second-section: a later ROM in the request is not noticed', () => {
    expect(askPages('first-section', 3, 10, 'shared').parts).toEqual(['ram [3,10) at gfn [3,10) to shared']);
  });
});

describe('per section, clipped', () => {
  test('clip/over-the-end: sharing past the end of a section converts what there is', () => {
    expect(askPages('per-section', 2, 6, 'shared')).toEqual({ status: 0, parts: ['ram [2,4) at gfn [2,4) to shared'] });
  });

  test('clip/from-a-hole: sharing from a hole begins where the section does', () => {
    expect(askPages('per-section', 14, 18, 'shared')).toEqual({ status: 0, parts: ['ram [4,6) at gfn [16,18) to shared'] });
  });

  test.each([
    { what: 'behind', firstGfn: 2, endGfn: 6 },
    { what: 'before', firstGfn: 14, endGfn: 18 },
    { what: 'between', firstGfn: 2, endGfn: 18 },
  ])('clip/hole-private: with a hole $what nothing becomes private', ({ firstGfn, endGfn }) => {
    expect(askPages('per-section', firstGfn, endGfn, 'private')).toEqual({ status: EINVAL, parts: [] });
  });

  test.each(['shared', 'private'] as const)('clip/rom-inside: a ROM anywhere refuses the whole request to %s', (to) => {
    expect(askPages('per-section', 0, 20, to)).toEqual({ status: EINVAL, parts: [] });
  });

  /** Sections at guest pages 20 and 22 behind the high alias, without a hole. */
  const extended = (): Machine => {
    const machine = createMachine('two-backend');
    const more = machine.memory.addBlock('more', 4, true);
    for (const at of [2, 0]) {
      machine.memory.addSection({ name: `more-${at}`, block: more, firstPage: at, pageCount: 2, firstGfn: 20 + at, readonly: false });
    }
    return machine;
  };
  const parts = ['ram [6,8) at gfn [18,20) to private', 'more [0,2) at gfn [20,22) to private', 'more [2,3) at gfn [22,23) to private'];

  test('clip/parts: a request over three sections is three parts, ascending', () => {
    expect(askPages('per-section', 18, 23, 'private', 0, extended())).toEqual({ status: 0, parts });
  });

  test.each([1, 2, 3])('clip/refused-part: part %d refused ends the walk and keeps the parts before it', (refused) => {
    const asked = askPages('per-section', 18, 23, 'private', refused, extended());
    expect(asked).toEqual({ status: -ERRNO.EAGAIN, parts: parts.slice(0, refused) });
  });

  test('clip/page-by-page: the parts are the pages that a page-by-page walk finds', () => {
    fc.assert(
      fc.property(fc.nat(22), fc.integer({ min: 1, max: 12 }), fc.boolean(), (firstGfn, count, toShared) => {
        const machine = createMachine('two-backend');
        machine.memory.addressSpace.remove(machine.romSection);
        const seen: string[] = [];
        const convert = ({ pages, gfns }: ConversionRequest): Status => {
          expect(pages.endPage - pages.firstPage).toBe(gfns.endGfn - gfns.firstGfn);
          for (let n = 0; n < gfns.endGfn - gfns.firstGfn; n += 1) seen.push(`${gfns.firstGfn + n}=${pages.firstPage + n}`);
          return 0;
        };
        const to = toShared ? 'shared' : 'private';
        const [start, size] = [firstGfn, count].map((pages) => BigInt(pages * PAGE_BYTES)) as [bigint, bigint];
        const status = convertMemory(machine.memory, { convert }, 'per-section', start, size, to);
        const expected = naiveWalk([machine.low, machine.high], firstGfn, count);
        const hasHole = expected.length < count;
        expect(status).toBe(hasHole && !toShared ? EINVAL : 0);
        expect(seen).toEqual(status === 0 ? expected : []);
      }),
    );
  });
});

function naiveWalk(sections: readonly Section[], firstGfn: number, count: number): string[] {
  const found: string[] = [];
  for (let gfn = firstGfn; gfn < firstGfn + count; gfn += 1) {
    const section = sections.find((each) => gfn >= each.firstGfn && gfn < each.firstGfn + each.pageCount);
    if (section !== undefined) found.push(`${gfn}=${gfn - section.firstGfn + section.firstPage}`);
  }
  return found;
}
