// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { createBench, stateText } from './support/bench.ts';

describe('requested size', () => {
  test('raised, it lets the guest plug more and grows the usable region', () => {
    const { device } = createBench({ requestedBlocks: 2, extentPages: 4 });
    expect(device.usablePages).toBe(12);
    device.setRequestedPages(16);
    expect(device.requestedPages).toBe(16);
    expect(device.usablePages).toBe(20);
    expect(device.plug(1, 4)).toBe('ACK');
  });

  test('lowered, it takes nothing away: usable region and plugged blocks stay', () => {
    const { device } = createBench({ extentPages: 0 });
    device.plug(0, 6);
    device.setRequestedPages(4);
    expect(stateText(device)).toBe('PPPPPPuu');
    expect(device.usablePages).toBe(24);
  });

  test('lowered below the plugged size, every plug is NACK and unplug works', () => {
    const { device } = createBench();
    device.plug(0, 4);
    device.setRequestedPages(8);
    expect(device.plug(6, 1)).toBe('NACK');
    expect(device.unplug(0, 3)).toBe('ACK');
    expect(device.plug(6, 1)).toBe('ACK');
  });

  test('a change calls nobody', () => {
    const { device, take } = createBench();
    take();
    device.setRequestedPages(0);
    device.setRequestedPages(32);
    expect(take()).toEqual([]);
  });

  test('an extent that is no whole block rounds the usable region up', () => {
    const { device } = createBench({ requestedBlocks: 2, extentPages: 1 });
    expect(device.usablePages).toBe(12);
  });

  test('the usable region ends with the block', () => {
    const { device } = createBench({ requestedBlocks: 8, extentPages: 4 });
    expect(device.usablePages).toBe(32);
  });

  test('nothing requested means nothing usable, whatever the extent', () => {
    const { device } = createBench({ requestedBlocks: 0 });
    expect(device.usablePages).toBe(0);
    expect(device.plug(0, 1)).toBe('ERROR');
  });

  for (const [pages, code] of [
    [5, 'requested-not-multiple'],
    [-4, 'requested-not-multiple'],
    [Number.NaN, 'requested-not-multiple'],
    [36, 'requested-above-region'],
  ] as const) {
    test(`${pages} pages are refused with ${code} and change nothing`, () => {
      const { device } = createBench();
      expect(() => device.setRequestedPages(pages)).toThrow(expect.objectContaining({ code }));
      expect(device.requestedPages).toBe(24);
    });
  }
});
