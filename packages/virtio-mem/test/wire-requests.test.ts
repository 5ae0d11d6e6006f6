// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { ANSWERS, BLOCK_STATES, REQUEST_TYPES, VirtioMemRefusal } from '../src/index.ts';
import { createBench, stateText } from './support/bench.ts';

// The bench's device: 8 blocks of 4 pages at guest page 1024.
const BASE = 0x400000n;
const BLOCK_BYTES = 0x4000n;

describe('request addresses', () => {
  test('an address is absolute and names a block of the device', () => {
    const { device } = createBench();
    expect(device.blockAddress(0)).toBe(BASE);
    expect(device.blockAddress(3)).toBe(BASE + 3n * BLOCK_BYTES);
    const request = { type: 'PLUG', addr: BASE + BLOCK_BYTES, nbBlocks: 2 } as const;
    expect(device.request(request)).toEqual({ answer: 'ACK' });
    expect(stateText(device)).toBe('uPPuuuuu');
  });

  for (const [name, addr] of [
    ['one byte off', BASE + 1n],
    ['one page off', BASE + 0x1000n],
    ['zero, below the device', 0n],
    ['the last block below the device', BASE - BLOCK_BYTES],
    ['the first block behind the device', BASE + 8n * BLOCK_BYTES],
    ['the last block of 64 bits, where the end wraps to 0', 2n ** 64n - BLOCK_BYTES],
    ['the last byte of 64 bits', 2n ** 64n - 1n],
  ] as const) {
    test(`an address ${name} is ERROR in every request`, () => {
      const { device, take } = createBench();
      take();
      for (const type of ['PLUG', 'UNPLUG', 'STATE'] as const) {
        expect(device.request({ type, addr, nbBlocks: 1 })).toEqual({ answer: 'ERROR' });
      }
      expect(take()).toEqual([]);
    });
  }

  test('a count that carries the end around 2^64 is ERROR', () => {
    const { device } = createBench();
    const addr = 2n ** 64n - 2n * BLOCK_BYTES;
    expect(device.request({ type: 'PLUG', addr, nbBlocks: 0xffff })).toEqual({ answer: 'ERROR' });
  });

  test('the largest count of 16 bits is answered', () => {
    const { device } = createBench();
    expect(device.plug(0, 0xffff)).toBe('ERROR');
  });

  test('what does not fit the fields of a request is refused, not answered', () => {
    const { device } = createBench();
    for (const [addr, nbBlocks] of [
      [-1n, 1],
      [2n ** 64n, 1],
      [BASE, 0x10000],
      [BASE, -1],
      [BASE, 0.5],
      [BASE, Number.NaN],
    ] as const) {
      expect(() => device.request({ type: 'PLUG', addr, nbBlocks })).toThrow(
        expect.objectContaining({ code: 'request-not-sendable' }),
      );
    }
    expect(() => device.plug(0.5, 1)).toThrow(VirtioMemRefusal);
    expect(() => device.plug(-2000, 1)).toThrow(expect.objectContaining({ code: 'request-not-sendable' }));
  });

  test('a refused call leaves the device usable', () => {
    const { device } = createBench();
    expect(() => device.plug(0, -1)).toThrow(VirtioMemRefusal);
    expect(device.plug(0, 1)).toBe('ACK');
  });
});

test('the numbers are those of the virtio-mem wire', () => {
  expect(REQUEST_TYPES).toEqual({ PLUG: 0, UNPLUG: 1, UNPLUG_ALL: 2, STATE: 3 });
  expect(ANSWERS).toEqual({ ACK: 0, NACK: 1, BUSY: 2, ERROR: 3 });
  expect(BLOCK_STATES).toEqual({ PLUGGED: 0, UNPLUGGED: 1, MIXED: 2 });
});
