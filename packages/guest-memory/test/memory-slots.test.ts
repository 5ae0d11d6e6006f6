// SPDX-License-Identifier: MIT
import { AssertionFailure } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createMachine } from './support/machine.ts';

describe('a slot that goes and comes again', () => {
  test('slots/readd-private: its attributes are private again, and the observer hears it', () => {
    const { memory, low, take } = createMachine('two-backend');
    memory.setAttributes({ firstGfn: 1, endGfn: 3 }, 'shared');
    take();
    memory.removeSection(low);
    memory.addSection(low);
    expect(take()).toEqual(['gfn [0,4) private']);
    expect([0, 1, 2, 3].map((page) => memory.sideAt(low, page))).toEqual(Array.from({ length: 4 }, () => 'private'));
  });

  test('slots/readd-alone: the attributes of other slots of the block stay', () => {
    const { memory, low, high } = createMachine('two-backend');
    memory.setAttributes({ firstGfn: 0, endGfn: 20 }, 'shared');
    memory.removeSection(low);
    memory.addSection(low);
    expect([memory.sideAt(low, 3), memory.sideAt(high, 4)]).toEqual(['private', 'shared']);
  });

  test('slots/keeps-frames: what backs the pages stays where it is', () => {
    const { memory, ram, low } = createMachine('two-backend');
    const frames = [memory.populate(ram, 1, 'shared'), memory.populate(ram, 1, 'private')];
    memory.removeSection(low);
    memory.addSection(low);
    expect([memory.backing(ram, 1, 'shared'), memory.backing(ram, 1, 'private')]).toEqual(frames);
  });

  test('slots/in-place: the side belongs to guest_memfd and survives, nobody hears anything', () => {
    const { memory, ram, low, take } = createMachine('in-place');
    memory.convertInPlace({ block: ram, firstPage: 1, endPage: 2 }, 'shared');
    take();
    memory.removeSection(low);
    memory.addSection(low);
    expect(take()).toEqual([]);
    expect([memory.sideAt(low, 0), memory.sideAt(low, 1)]).toEqual(['private', 'shared']);
  });

  test('slots/rom: a slot without guest_memfd has no attributes to set', () => {
    const { memory, romSection, take } = createMachine('two-backend');
    memory.removeSection(romSection);
    memory.addSection(romSection);
    expect(take()).toEqual([]);
    expect(memory.sideAt(romSection, 0)).toBe('shared');
  });
});

describe('a slot that is gone', () => {
  test('slots/hole: its guest pages are a hole', () => {
    const { memory, low } = createMachine('two-backend');
    memory.removeSection(low);
    expect(memory.addressSpace.firstOverlap(0, 4)).toBeUndefined();
  });

  test('slots/keeps-attributes: attributes belong to the VM and stay', () => {
    const { memory, low } = createMachine('two-backend');
    memory.setAttributes({ firstGfn: 1, endGfn: 2 }, 'shared');
    memory.removeSection(low);
    expect(memory.sideAt(low, 1)).toBe('shared');
  });

  test('slots/rebuild: a rebuild leaves the attributes of guest pages without a slot alone', () => {
    const { memory, ram, low, take } = createMachine('two-backend');
    memory.removeSection(low);
    take();
    memory.rebuild(ram);
    expect(take().filter((line) => line.startsWith('gfn'))).toEqual(['gfn [16,20) private']);
  });

  test.each([
    { what: 'a slot that is not there goes', again: false },
    { what: 'a slot that is there comes', again: true },
  ])('slots/twice: $what: an assertion', ({ again }) => {
    const { memory, low } = createMachine('two-backend');
    if (!again) memory.removeSection(low);
    expect(() => (again ? memory.addSection(low) : memory.removeSection(low))).toThrow(AssertionFailure);
  });

  test('slots/too-high: a slot above the guest pages is an assertion', () => {
    const { memory, ram } = createMachine('two-backend');
    const beyond = { name: 'beyond', block: ram, firstPage: 0, pageCount: 4, firstGfn: 30, readonly: false };
    expect(() => memory.addSection(beyond)).toThrow(AssertionFailure);
  });
});
