// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { createBench, stateText } from './support/bench.ts';

describe('unplug-all', () => {
  test('with nothing plugged is ACK, calls nobody, and shrinks the usable region', () => {
    const { device, take } = createBench({ extentPages: 0 });
    device.setRequestedPages(8);
    take();
    expect(device.usablePages).toBe(24);
    expect(device.unplugAll()).toBe('ACK');
    expect(take()).toEqual([]);
    expect(device.usablePages).toBe(8);
  });

  test('with nothing plugged is ACK while migrating', () => {
    const bench = createBench({ extentPages: 0 });
    bench.device.setRequestedPages(0);
    bench.migrating = true;
    expect(bench.device.unplugAll()).toBe('ACK');
    expect(bench.device.usablePages).toBe(0);
  });

  test('shrinks the usable region to the requested size and its extent', () => {
    const { device } = createBench({ extentPages: 4 });
    device.plug(5, 1);
    device.setRequestedPages(8);
    expect(device.usablePages).toBe(28);
    expect(device.unplugAll()).toBe('ACK');
    expect(device.usablePages).toBe(12);
    expect(device.plug(3, 1)).toBe('ERROR');
    expect(device.plug(2, 1)).toBe('ACK');
  });

  test('leaves nothing usable when nothing is requested', () => {
    const { device } = createBench();
    device.plug(0, 1);
    device.setRequestedPages(0);
    device.unplugAll();
    expect(device.usablePages).toBe(0);
    expect(device.queryState(0, 1)).toEqual({ answer: 'ERROR' });
  });

  test('allows every block to be plugged again', () => {
    const { device } = createBench();
    device.plug(0, 6);
    device.unplugAll();
    expect(device.plug(0, 6)).toBe('ACK');
    expect(stateText(device)).toBe('PPPPPPuu');
  });
});

describe('system reset', () => {
  test('unplugs all', () => {
    const { device, take } = createBench();
    device.plug(0, 3);
    take();
    device.systemReset();
    expect(take().map((line) => line.split(' ')[0])).toEqual([
      'willUnplugAll',
      'discard-shared',
      'discard-private',
      'discardedAll',
      'unplugged',
    ]);
    expect(device.pluggedPages).toBe(0);
  });

  test('while migrating leaves the memory plugged and says nothing', () => {
    const bench = createBench();
    bench.device.plug(0, 3);
    bench.take();
    bench.migrating = true;
    bench.device.systemReset();
    expect(bench.take()).toEqual([]);
    expect(stateText(bench.device)).toBe('PPPuuuuu');
    expect(bench.device.pluggedPages).toBe(12);
  });
});
