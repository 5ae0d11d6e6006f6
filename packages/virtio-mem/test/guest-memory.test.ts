// SPDX-License-Identifier: MIT
import { GuestMemory } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createVirtioMem, NO_LISTENER } from '../src/index.ts';

/** 4 device blocks of 4 pages, all of them requested, over real guest memory. */
function build(regime: 'two-backend' | 'in-place') {
  const memory = new GuestMemory({ regime, gfnCount: 64 });
  const block = memory.addBlock('vmem0', 16, true);
  // Touched before the device exists: the clean slate takes it away.
  memory.populate(block, 15, 'shared');
  const device = createVirtioMem({
    name: 'vmem0',
    block,
    firstGfn: 16,
    blockPages: 4,
    requestedPages: 16,
    scaled: true,
    host: memory,
    events: NO_LISTENER,
    isMigrating: () => false,
  });
  return { memory, block, device };
}

describe('on real guest memory', () => {
  test('creation leaves no frame behind', () => {
    const { memory, block } = build('two-backend');
    expect(memory.backing(block, 15, 'shared')).toBe(0);
  });

  test('unplug frees the frames of both sides and no others', () => {
    const { memory, block, device } = build('two-backend');
    device.plug(0, 2);
    for (const page of [3, 4, 7, 8]) {
      memory.populate(block, page, 'shared');
      memory.populate(block, page, 'private');
    }
    expect(device.unplug(1, 1)).toBe('ACK');
    for (const side of ['shared', 'private'] as const) {
      const backed = [3, 4, 7, 8].map((page) => memory.backing(block, page, side) !== 0);
      expect(backed).toEqual([true, false, false, true]);
    }
  });

  test('in place, unplug frees private frames as well', () => {
    const { memory, block, device } = build('in-place');
    device.plug(0, 1);
    memory.populate(block, 0, 'private');
    expect(memory.backing(block, 0, 'private')).not.toBe(0);
    expect(device.unplug(0, 1)).toBe('ACK');
    expect(memory.backing(block, 0, 'private')).toBe(0);
  });
});
