// SPDX-License-Identifier: MIT
import { AssertionFailure, ERRNO, GuestMemory, otherSide, PAGE_BYTES, type Regime, type Side } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createMachine, type Machine } from './support/machine.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];
const SIDES: readonly Side[] = ['shared', 'private'];

/** Turns block pages of the low section to a side, in the regime's way. */
function turn({ memory, ram }: Machine, firstPage: number, endPage: number, side: Side): number {
  return memory.regime === 'in-place'
    ? memory.convertInPlace({ block: ram, firstPage, endPage }, side)
    : memory.setAttributes({ firstGfn: firstPage, endGfn: endPage }, side);
}

function sidesOf({ memory, low }: Machine): Side[] {
  return [0, 1, 2, 3].map((page) => memory.sideAt(low, page));
}

describe.each(REGIMES)('%s', (regime) => {
  test('memory/starts-private: pages with guest_memfd start private, a ROM is shared', () => {
    const { memory, low, high, romSection } = createMachine(regime);
    expect([memory.sideAt(low, 0), memory.sideAt(high, 7), memory.sideAt(romSection, 1)]).toEqual(['private', 'private', 'shared']);
  });

  test('memory/populate: a hole is filled once, and the observer hears of it once', () => {
    const machine = createMachine(regime);
    const { memory, ram, take } = machine;
    turn(machine, 0, 1, 'shared');
    take();
    expect(memory.backing(ram, 0, 'shared')).toBe(0);
    const frame = memory.populate(ram, 0, 'shared');
    expect(memory.populate(ram, 0, 'shared')).toBe(frame);
    expect(memory.backing(ram, 0, 'shared')).toBe(frame);
    expect(memory.frames.owner(frame)).toBe('shared');
    expect(take()).toEqual([`shared ram 0 gets frame ${frame}`]);
  });

  test('memory/peek: looking at a host page populates and pins nothing', () => {
    const machine = createMachine(regime);
    const { memory, ram } = machine;
    turn(machine, 0, 1, 'shared');
    expect(memory.peekPage(ram.hostFirstPage)).toBe(0);
    expect(memory.frames.liveCount).toBe(0);
    const frame = memory.populate(ram, 0, 'shared');
    expect(memory.peekPage(ram.hostFirstPage)).toBe(frame);
    expect(memory.frames.pinCount).toBe(0);
  });

  test('memory/pin-populates: a pin fills a hole and takes one pin each time', () => {
    const machine = createMachine(regime);
    const { memory, ram } = machine;
    turn(machine, 0, 1, 'shared');
    const frame = memory.pinPage(ram.hostFirstPage, false);
    expect(memory.pinPage(ram.hostFirstPage, true)).toBe(frame);
    expect([memory.backing(ram, 0, 'shared'), memory.frames.pins(frame)]).toEqual([frame, 2]);
  });

  test.each([
    { where: 'before the first block', offset: -1 },
    { where: 'in the gap behind a block', offset: 8 },
    { where: 'far away', offset: 1e9 },
  ])('memory/pin-nothing: $where a pin is -EFAULT', ({ offset }) => {
    const { memory, ram } = createMachine(regime);
    expect(memory.pinPage(ram.hostFirstPage + offset, true)).toBe(-ERRNO.EFAULT);
    expect(memory.peekPage(ram.hostFirstPage + offset)).toBe(0);
    expect([memory.frames.liveCount, memory.frames.pinCount]).toEqual([0, 0]);
  });

  test('memory/orphan: a pinned frame that is discarded lives until the pin goes', () => {
    const machine = createMachine(regime);
    const { memory, ram } = machine;
    turn(machine, 0, 1, 'shared');
    const pinned = memory.pinPage(ram.hostFirstPage, true);
    expect(memory.discard({ block: ram, firstPage: 0, endPage: 1 }, 'shared')).toBe(0);
    const fresh = memory.populate(ram, 0, 'shared');
    expect(fresh).not.toBe(pinned);
    expect([memory.frames.isOrphan(pinned), memory.frames.orphanCount, memory.frames.liveCount]).toEqual([true, 1, 2]);
    memory.frames.unpin(pinned);
    expect([memory.frames.orphanCount, memory.frames.liveCount]).toEqual([0, 1]);
  });

  test.each([
    { what: 'an empty range', firstPage: 3, endPage: 3 },
    { what: 'a range past the block', firstPage: 6, endPage: 9 },
    { what: 'a negative page', firstPage: -1, endPage: 2 },
  ])('memory/discard-range: $what is -EINVAL and frees nothing', ({ firstPage, endPage }) => {
    const machine = createMachine(regime);
    const { memory, ram, take } = machine;
    memory.populate(ram, 1, memory.sideAt(machine.low, 1));
    take();
    expect(memory.discard({ block: ram, firstPage, endPage }, 'shared')).toBe(-ERRNO.EINVAL);
    expect([memory.frames.liveCount, take()]).toEqual([1, []]);
  });

  test('memory/rebuild: the block is private, its guest_memfd new; other blocks keep what they have', () => {
    const machine = createMachine(regime);
    const { memory, ram, rom, low, high } = machine;
    turn(machine, 0, 2, 'shared');
    memory.populate(ram, 0, 'shared');
    memory.populate(ram, 2, 'private');
    const kept = memory.populate(rom, 0, 'shared');
    const pinned = memory.pinPage(ram.hostFirstPage + 1, true);
    memory.rebuild(ram);
    expect([sidesOf(machine), memory.sideAt(high, 4)]).toEqual([Array.from({ length: 4 }, () => 'private'), 'private']);
    const backings = SIDES.map((side) => [0, 1, 2, 3].map((page) => memory.backing(ram, page, side) !== 0));
    // Two-backend: a reset discards no shared RAM, a pinned page least of all.
    const isLeft = regime === 'two-backend';
    expect(backings).toEqual([[isLeft, isLeft, false, false], [false, false, false, false]]);
    expect([memory.backing(rom, 0, 'shared'), memory.sideAt(low, 1)]).toEqual([kept, 'private']);
    expect([memory.frames.liveCount, memory.frames.isOrphan(pinned)]).toEqual(isLeft ? [3, false] : [2, true]);
  });

  test('memory/rebuild-others: another block with guest_memfd stays on its sides', () => {
    const { memory, ram } = createMachine(regime);
    const other = memory.addBlock('other', 2, true);
    const section = { name: 'other', block: other, firstPage: 0, pageCount: 2, firstGfn: 24, readonly: false };
    memory.addSection(section);
    if (regime === 'in-place') memory.convertInPlace({ block: other, firstPage: 0, endPage: 1 }, 'shared');
    else memory.setAttributes({ firstGfn: 24, endGfn: 25 }, 'shared');
    const frame = memory.populate(other, 0, 'shared');
    memory.rebuild(ram);
    expect([memory.sideAt(section, 0), memory.sideAt(section, 1), memory.backing(other, 0, 'shared')]).toEqual(['shared', 'private', frame]);
  });

  test('memory/foreign-block: a block of another guest is an assertion', () => {
    const { memory } = createMachine(regime);
    const { ram } = createMachine(regime);
    expect(() => memory.backing(ram, 0, 'shared')).toThrow(AssertionFailure);
    expect(() => memory.populate(ram, 0, 'shared')).toThrow(AssertionFailure);
  });

  test('memory/hosts-apart: host pages of two blocks never adjoin', () => {
    const { memory, ram, rom } = createMachine(regime);
    expect(rom.hostFirstPage).toBeGreaterThan(ram.hostFirstPage + ram.pageCount);
    expect(memory.blocks).toEqual([ram, rom]);
  });
});

describe('two backings per page', () => {
  test('sides/apart: the sides of a page are two frames, each discarded alone', () => {
    const { memory, ram, take } = createMachine('two-backend');
    const shared = memory.populate(ram, 1, 'shared');
    const own = memory.populate(ram, 1, 'private');
    expect(shared).not.toBe(own);
    expect([memory.frames.owner(shared), memory.frames.owner(own)]).toEqual(['shared', 'private']);
    take();
    memory.discard({ block: ram, firstPage: 0, endPage: 4 }, 'private');
    expect([memory.backing(ram, 1, 'shared'), memory.backing(ram, 1, 'private')]).toEqual([shared, 0]);
    memory.discard({ block: ram, firstPage: 0, endPage: 4 }, 'shared');
    expect([memory.backing(ram, 1, 'shared'), memory.frames.liveCount]).toEqual([0, 0]);
    expect(take()).toEqual(['private ram [0,4) discarded', 'shared ram [0,4) discarded']);
  });

  test('sides/attributes-free-nothing: switching the side keeps both frames', () => {
    const machine = createMachine('two-backend');
    const { memory, ram } = machine;
    const frames = SIDES.map((side) => memory.populate(ram, 0, side));
    turn(machine, 0, 1, 'shared');
    expect(SIDES.map((side) => memory.backing(ram, 0, side))).toEqual(frames);
    expect(sidesOf(machine)).toEqual(['shared', 'private', 'private', 'private']);
  });

  test('sides/pin-doubles: pinning a private page fills its shared side as well', () => {
    const { memory, ram } = createMachine('two-backend');
    const own = memory.populate(ram, 0, 'private');
    const pinned = memory.pinPage(ram.hostFirstPage, true);
    expect([memory.backing(ram, 0, 'private'), memory.backing(ram, 0, 'shared')]).toEqual([own, pinned]);
    expect(memory.frames.liveCount).toBe(2);
  });

  test('sides/per-section: attributes belong to guest pages, so aliases of one page can differ', () => {
    const { memory, ram, low } = createMachine('two-backend');
    const alias = { name: 'alias', block: ram, firstPage: 0, pageCount: 2, firstGfn: 24, readonly: false };
    memory.addSection(alias);
    memory.setAttributes({ firstGfn: 24, endGfn: 25 }, 'shared');
    expect([memory.sideAt(alias, 0), memory.sideAt(low, 0)]).toEqual(['shared', 'private']);
    expect(memory.populate(ram, 0, 'shared')).toBe(memory.peekPage(ram.hostFirstPage));
  });

  test('sides/slot-added-again: a section added again starts private whatever it was', () => {
    const machine = createMachine('two-backend');
    const { memory, low } = machine;
    turn(machine, 0, 4, 'shared');
    memory.addressSpace.remove(low);
    memory.addSection(low);
    expect(sidesOf(machine)).toEqual(['private', 'private', 'private', 'private']);
  });

  test.each([
    { what: 'an empty range', firstGfn: 4, endGfn: 4 },
    { what: 'a range that ends where 64-bit addresses wrap', firstGfn: 3, endGfn: 2 ** 52 },
    { what: 'a range beyond that', firstGfn: 3, endGfn: 2 ** 52 + 4 },
  ])('sides/attribute-range: $what is -EINVAL and changes nothing', ({ firstGfn, endGfn }) => {
    const machine = createMachine('two-backend');
    machine.take();
    expect(machine.memory.setAttributes({ firstGfn, endGfn }, 'shared')).toBe(-ERRNO.EINVAL);
    expect([machine.take(), machine.memory.sideAt(machine.low, 3)]).toEqual([[], 'private']);
  });

  test('sides/attribute-holes: guest pages that nothing backs take attributes, inside the guest and above it', () => {
    const machine = createMachine('two-backend');
    expect(machine.memory.setAttributes({ firstGfn: 3, endGfn: 2 ** 40 }, 'shared')).toBe(0);
    expect([2, 3].map((page) => machine.memory.sideAt(machine.low, page))).toEqual(['private', 'shared']);
    expect(machine.memory.setAttributes({ firstGfn: 2 ** 40, endGfn: 2 ** 41 }, 'private')).toBe(0);
    expect(machine.memory.sideAt(machine.low, 3)).toBe('shared');
  });

  test('sides/no-in-place: an in-place conversion is -EINVAL', () => {
    const machine = createMachine('two-backend');
    const range = { block: machine.ram, firstPage: 0, endPage: 1 };
    expect(machine.memory.convertInPlace(range, 'shared')).toBe(-ERRNO.EINVAL);
    expect(machine.memory.sideAt(machine.low, 0)).toBe('private');
  });

  test('sides/stale: discarded under a pin, device and guest part ways until it is mapped again', () => {
    const { memory, ram, low } = createMachine('two-backend');
    const { frames } = memory;
    const guestPage = (): number => memory.populate(ram, 0, memory.sideAt(low, 0));
    const page = { block: ram, firstPage: 0, endPage: 1 };
    memory.setAttributes({ firstGfn: 0, endGfn: 1 }, 'shared');
    const device = memory.pinPage(ram.hostFirstPage, true);
    frames.write(guestPage(), 0xa1);
    expect(frames.read(device)).toBe(0xa1);
    memory.setAttributes({ firstGfn: 0, endGfn: 1 }, 'private');
    memory.discard(page, 'shared');
    memory.setAttributes({ firstGfn: 0, endGfn: 1 }, 'shared');
    memory.discard(page, 'private');
    frames.write(guestPage(), 0xb2);
    // The device reads the old word, and what it writes is lost.
    expect([frames.read(device), frames.read(guestPage())]).toEqual([0xa1, 0xb2]);
    frames.write(device, 0xdd);
    expect(frames.read(guestPage())).toBe(0xb2);
    frames.unpin(device);
    const remapped = memory.pinPage(ram.hostFirstPage, true);
    expect([remapped, frames.read(remapped), frames.orphanCount]).toEqual([guestPage(), 0xb2, 0]);
  });
});

describe('one backing per page, converted in place', () => {
  test('in-place/keeps-frame: the frame changes owner and keeps identity and content', () => {
    const machine = createMachine('in-place');
    const { memory, ram } = machine;
    const frame = memory.populate(ram, 0, 'private');
    memory.frames.write(frame, 0xa1);
    expect(turn(machine, 0, 1, 'shared')).toBe(0);
    expect([memory.backing(ram, 0, 'shared'), memory.backing(ram, 0, 'private')]).toEqual([frame, 0]);
    expect([memory.frames.owner(frame), memory.frames.read(frame), memory.frames.generation(frame)]).toEqual(['shared', 0xa1, 1]);
    expect(turn(machine, 0, 1, 'private')).toBe(0);
    expect([memory.backing(ram, 0, 'private'), memory.frames.owner(frame)]).toEqual([frame, 'private']);
  });

  test.each([0, 1, 2, 3])('in-place/elevated-refcount: page %d pinned refuses the whole range with EAGAIN', (pinnedPage) => {
    const machine = createMachine('in-place');
    const { memory, ram, take } = machine;
    turn(machine, 0, 4, 'shared');
    for (let page = 0; page < 4; page += 1) memory.populate(ram, page, 'shared');
    const pins = [...new Set([pinnedPage, 3])].map((page) => memory.pinPage(ram.hostFirstPage + page, true));
    take();
    expect(turn(machine, 0, 4, 'private')).toBe(-ERRNO.EAGAIN);
    expect(memory.firstPinnedPage).toBe(pinnedPage);
    expect([sidesOf(machine), take()]).toEqual([['shared', 'shared', 'shared', 'shared'], []]);
    expect([0, 1, 2, 3].map((page) => memory.frames.owner(memory.backing(ram, page, 'shared')))).not.toContain('private');
    // Page by page only the pinned ones refuse; without pins the whole range goes.
    const alone = [0, 1, 2, 3].map((page) => turn(machine, page, page + 1, 'private') === 0);
    expect(alone).toEqual([0, 1, 2, 3].map((page) => page !== pinnedPage && page !== 3));
    for (const frame of pins) memory.frames.unpin(frame);
    expect([turn(machine, 0, 4, 'private'), memory.firstPinnedPage]).toEqual([0, -1]);
    expect(sidesOf(machine)).toEqual(['private', 'private', 'private', 'private']);
  });

  test('in-place/pinned-to-shared: a pinned frame may stay shared, nobody counts pins then', () => {
    const machine = createMachine('in-place');
    turn(machine, 0, 2, 'shared');
    machine.memory.pinPage(machine.ram.hostFirstPage, true);
    expect(turn(machine, 0, 4, 'shared')).toBe(0);
    expect(sidesOf(machine)).toEqual(['shared', 'shared', 'shared', 'shared']);
  });

  test('in-place/unallocated: holes convert, and stay holes', () => {
    const machine = createMachine('in-place');
    expect([turn(machine, 0, 4, 'shared'), turn(machine, 1, 2, 'private')]).toEqual([0, 0]);
    expect([sidesOf(machine), machine.memory.frames.liveCount]).toEqual([['shared', 'private', 'shared', 'shared'], 0]);
  });

  test('in-place/pin-private: a private page cannot be pinned, and a hole stays one', () => {
    const { memory, ram } = createMachine('in-place');
    const own = memory.populate(ram, 1, 'private');
    expect(memory.pinPage(ram.hostFirstPage, true)).toBe(-ERRNO.EFAULT);
    expect(memory.pinPage(ram.hostFirstPage + 1, true)).toBe(-ERRNO.EFAULT);
    expect([memory.frames.pinCount, memory.frames.pins(own), memory.frames.liveCount]).toEqual([0, 0, 1]);
  });

  test('in-place/punch-keeps-the-side: a discard empties the one backing, whatever side it names', () => {
    const machine = createMachine('in-place');
    const { memory, ram } = machine;
    turn(machine, 0, 1, 'shared');
    memory.populate(ram, 0, 'shared');
    memory.populate(ram, 1, 'private');
    expect(memory.discard({ block: ram, firstPage: 0, endPage: 2 }, 'private')).toBe(0);
    expect([memory.frames.liveCount, sidesOf(machine).slice(0, 2)]).toEqual([0, ['shared', 'private']]);
  });

  test('in-place/per-block: aliases of one page are always on the same side', () => {
    const machine = createMachine('in-place');
    const { memory, ram, low } = machine;
    const alias = { name: 'alias', block: ram, firstPage: 0, pageCount: 2, firstGfn: 24, readonly: false };
    memory.addSection(alias);
    turn(machine, 0, 1, 'shared');
    expect([memory.sideAt(alias, 0), memory.sideAt(low, 0), memory.sideAt(alias, 1)]).toEqual(['shared', 'shared', 'private']);
  });

  test('in-place/no-attributes: VM-wide attributes are -EINVAL', () => {
    const { memory, low } = createMachine('in-place');
    expect(memory.setAttributes({ firstGfn: 0, endGfn: 1 }, 'shared')).toBe(-ERRNO.EINVAL);
    expect(memory.sideAt(low, 0)).toBe('private');
  });

  test.each([
    { what: 'an empty range', firstPage: 2, endPage: 2, side: 'shared' as const },
    { what: 'a range past the block', firstPage: 6, endPage: 9, side: 'shared' as const },
  ])('in-place/range: $what is -EINVAL', ({ firstPage, endPage, side }) => {
    const { memory, ram } = createMachine('in-place');
    expect(memory.convertInPlace({ block: ram, firstPage, endPage }, side)).toBe(-ERRNO.EINVAL);
  });

  test('in-place/no-memfd: a block without guest_memfd cannot turn private', () => {
    const { memory, rom } = createMachine('in-place');
    const frame = memory.populate(rom, 0, 'shared');
    expect(memory.convertInPlace({ block: rom, firstPage: 0, endPage: 1 }, 'private')).toBe(-ERRNO.EINVAL);
    expect(memory.backing(rom, 0, 'shared')).toBe(frame);
  });
});

test('words: a page is 4 KiB, a side has one other, a guest begins empty', () => {
  expect([PAGE_BYTES, otherSide('shared'), otherSide('private')]).toEqual([4096, 'private', 'shared']);
  expect(new GuestMemory({ regime: 'in-place', gfnCount: 1 }).blocks).toEqual([]);
});
