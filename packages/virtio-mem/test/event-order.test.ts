// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { createBench, stateText } from './support/bench.ts';

describe('event order of a request that is carried out', () => {
  test('plug asks first, changes its state, then tells', () => {
    const { device, take } = createBench();
    take();
    expect(device.plug(1, 2)).toBe('ACK');
    expect(take()).toEqual(['willPlug [4,12) uu', 'plugged [4,12) PP']);
  });

  test('unplug asks, discards both sides, tells, changes its state, tells', () => {
    const { device, take } = createBench();
    device.plug(1, 2);
    take();
    expect(device.unplug(1, 2)).toBe('ACK');
    expect(take()).toEqual([
      'willUnplug [4,12) PP',
      'discard-shared [4,12)',
      'discard-private [4,12)',
      'discarded [4,12) PP',
      'unplugged [4,12) uu',
    ]);
  });

  test('unplug-all names the complete block once, unplugged blocks included', () => {
    const { device, take } = createBench();
    device.plug(1, 2);
    device.plug(6, 1);
    take();
    expect(device.unplugAll()).toBe('ACK');
    expect(take()).toEqual([
      'willUnplugAll [0,32) uPPuuuPu',
      'discard-shared [0,32)',
      'discard-private [0,32)',
      'discardedAll [0,32) uPPuuuPu',
      'unplugged [0,32) uuuuuuuu',
    ]);
  });
});

describe('which sides are discarded', () => {
  test('a block without guest_memfd has a shared side only', () => {
    const { device, take } = createBench({ hasGuestMemfd: false });
    expect(take()).toEqual(['discard-shared [0,32)']);
    device.plug(0, 1);
    take();
    device.unplug(0, 1);
    expect(take().filter((line) => line.startsWith('discard-'))).toEqual(['discard-shared [0,4)']);
  });

  test('in place, one call discards the one guest_memfd', () => {
    const { take } = createBench({ regime: 'in-place' });
    expect(take()).toEqual(['discard-shared [0,32)']);
  });
});

describe('the size seen inside events', () => {
  test('the plugged size changes together with the block states', () => {
    const bench = createBench();
    const sizes: string[] = [];
    bench.inside = (event) => void sizes.push(`${event} ${bench.device.pluggedPages}`);
    bench.device.plug(0, 2);
    bench.device.unplug(1, 1);
    bench.device.unplugAll();
    expect(sizes).toEqual([
      'willPlug 0',
      'plugged 8',
      'willUnplug 8',
      'discarded 8',
      'unplugged 4',
      'willUnplugAll 4',
      'discardedAll 4',
      'unplugged 0',
    ]);
  });

  test('a request inside an event is refused, and the outer one ends as usual', () => {
    const bench = createBench();
    const codes: unknown[] = [];
    bench.inside = () => {
      for (const call of [() => bench.device.plug(4, 1), () => bench.device.setRequestedPages(0)]) {
        try {
          call();
        } catch (error) {
          codes.push((error as { code?: unknown }).code);
        }
      }
    };
    expect(bench.device.plug(0, 1)).toBe('ACK');
    expect(codes).toEqual(Array.from({ length: 4 }, () => 'nested-request'));
    expect(stateText(bench.device)).toBe('Puuuuuuu');
    expect(bench.device.requestedPages).toBe(24);
  });

  test('a strategy that throws in the first event leaves the old state and a usable device', () => {
    const bench = createBench();
    bench.inside = () => {
      throw new Error('strategy failed');
    };
    expect(() => bench.device.plug(0, 1)).toThrow('strategy failed');
    bench.inside = () => undefined;
    expect(stateText(bench.device)).toBe('uuuuuuuu');
    expect(bench.device.plug(0, 1)).toBe('ACK');
  });
});
