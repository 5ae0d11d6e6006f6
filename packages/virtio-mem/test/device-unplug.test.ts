// SPDX-License-Identifier: MIT
import { ERRNO, GuestMemory } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createVirtioMem, NO_LISTENER, type VirtioMem } from '../src/index.ts';
import { createBench, stateText } from './support/bench.ts';

describe('the device itself is unplugged', () => {
  test.each([
    { what: 'something is plugged', plugged: 1, requestedBlocks: 0, status: -ERRNO.EBUSY },
    { what: 'something is requested', plugged: 0, requestedBlocks: 1, status: -ERRNO.EBUSY },
    { what: 'nothing of either', plugged: 0, requestedBlocks: 0, status: 0 },
  ])('$what: $status', ({ plugged, requestedBlocks, status }) => {
    const { device } = createBench();
    if (plugged > 0) device.plug(0, plugged);
    device.setRequestedPages(requestedBlocks * device.granulePages);
    expect(device.checkDeviceUnplug()).toBe(status);
  });
});

describe('several devices of one guest', () => {
  const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 256 });
  const heard: string[] = [];
  const devices = [0, 1].map((at): VirtioMem => {
    const name = `vmem${at}`;
    const size = { firstGfn: 64 * (at + 1), blockPages: 4, requestedPages: 16, scaled: true };
    const events = { ...NO_LISTENER, plugged: (source: { name: string }) => void heard.push(source.name) };
    const memslots = {
      blocksPerMemslot: 2,
      host: { activate: (index: number) => (heard.push(`${name} memslot ${index}`), 0), deactivate: () => undefined },
    };
    const block = memory.addBlock(name, 32, true);
    return createVirtioMem({ name, block, ...size, host: memory, events, isMigrating: () => false, memslots });
  });

  test('each has names, addresses, sizes, blocks and memslots of its own', () => {
    const [first, second] = devices as [VirtioMem, VirtioMem];
    expect([first.blockAddress(1), second.blockAddress(1)]).toEqual([0x44000n, 0x84000n]);
    expect(first.plug(2, 1)).toBe('ACK');
    expect(second.plug(0, 1)).toBe('ACK');
    expect(heard).toEqual(['vmem0 memslot 1', 'vmem0', 'vmem1 memslot 0', 'vmem1']);
    expect(devices.map(stateText)).toEqual(['uuPuuuuu', 'Puuuuuuu']);
    first.setRequestedPages(4);
    expect([first.plug(0, 1), second.plug(1, 1)]).toEqual(['NACK', 'ACK']);
  });

  test('a request to one at the address of the other is ERROR', () => {
    const [first, second] = devices as [VirtioMem, VirtioMem];
    expect(first.request({ type: 'STATE', addr: second.blockAddress(0), nbBlocks: 1 })).toEqual({ answer: 'ERROR' });
  });
});
