// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createBench, stateText, type Bench, type Faults } from './support/bench.ts';

function plugged(): Bench {
  const bench = createBench();
  bench.device.plug(0, 2);
  bench.take();
  return bench;
}

function refusing(bench: Bench, fault: keyof Faults): Bench {
  bench.faults[fault] = -ERRNO.ENOMEM;
  return bench;
}

describe('a refused plug', () => {
  test('is told as aborted, its RAM is discarded, the guest is told BUSY', () => {
    const bench = refusing(plugged(), 'willPlug');
    expect(bench.device.plug(4, 2)).toBe('BUSY');
    expect(bench.take()).toEqual([
      'willPlug [16,24) uu',
      'plugAborted [16,24) uu',
      'discard-shared [16,24)',
      'discard-private [16,24)',
    ]);
    expect(stateText(bench.device)).toBe('PPuuuuuu');
    expect(bench.device.pluggedPages).toBe(8);
  });

  test('stays BUSY when its RAM cannot be discarded either', () => {
    const bench = refusing(refusing(plugged(), 'willPlug'), 'discardShared');
    expect(bench.device.plug(4, 1)).toBe('BUSY');
    expect(bench.take()).toEqual(['willPlug [16,20) u', 'plugAborted [16,20) u', 'discard-shared [16,20)']);
  });

  test('succeeds when it is tried again without the fault', () => {
    const bench = refusing(plugged(), 'willPlug');
    bench.device.plug(4, 1);
    bench.faults.willPlug = 0;
    expect(bench.device.plug(4, 1)).toBe('ACK');
    expect(stateText(bench.device)).toBe('PPuuPuuu');
  });

  test('may be refused for any reason, the guest hears BUSY', () => {
    for (const errno of [ERRNO.EAGAIN, ERRNO.ENOSPC, ERRNO.EEXIST, ERRNO.EINVAL]) {
      const bench = plugged();
      bench.faults.willPlug = -errno;
      expect(bench.device.plug(4, 1)).toBe('BUSY');
    }
  });
});

describe('a refused unplug', () => {
  test('ends before anything was discarded', () => {
    const bench = refusing(plugged(), 'willUnplug');
    expect(bench.device.unplug(0, 2)).toBe('BUSY');
    expect(bench.take()).toEqual(['willUnplug [0,8) PP']);
    expect(stateText(bench.device)).toBe('PPuuuuuu');
    expect(bench.device.pluggedPages).toBe(8);
  });

  test('is told as aborted when the shared side cannot be discarded', () => {
    const bench = refusing(plugged(), 'discardShared');
    expect(bench.device.unplug(0, 2)).toBe('BUSY');
    expect(bench.take()).toEqual(['willUnplug [0,8) PP', 'discard-shared [0,8)', 'unplugAborted [0,8) PP']);
    expect(stateText(bench.device)).toBe('PPuuuuuu');
  });

  test('is told as aborted when guest_memfd cannot be punched', () => {
    const bench = refusing(plugged(), 'discardPrivate');
    expect(bench.device.unplug(0, 1)).toBe('BUSY');
    expect(bench.take()).toEqual([
      'willUnplug [0,4) P',
      'discard-shared [0,4)',
      'discard-private [0,4)',
      'unplugAborted [0,4) P',
    ]);
    expect(bench.device.pluggedPages).toBe(8);
  });
});

describe('a refused unplug-all', () => {
  test('ends before anything was discarded and keeps the usable region', () => {
    const bench = createBench({ extentPages: 0, requestedBlocks: 6 });
    bench.device.plug(0, 2);
    bench.device.setRequestedPages(4);
    bench.take();
    refusing(bench, 'willUnplugAll');
    expect(bench.device.unplugAll()).toBe('BUSY');
    expect(bench.take()).toEqual(['willUnplugAll [0,32) PPuuuuuu']);
    expect(stateText(bench.device)).toBe('PPuuuuuu');
    expect(bench.device.usablePages).toBe(24);
  });

  test('is told as aborted when the RAM cannot be discarded', () => {
    const bench = refusing(plugged(), 'discardShared');
    expect(bench.device.unplugAll()).toBe('BUSY');
    expect(bench.take()).toEqual([
      'willUnplugAll [0,32) PPuuuuuu',
      'discard-shared [0,32)',
      'unplugAborted [0,32) PPuuuuuu',
    ]);
    expect(bench.device.pluggedPages).toBe(8);
  });
});
