// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { createBench, memslotText, stateText, type Bench, type BenchOptions } from './support/bench.ts';

/** 8 blocks of 4 pages in memslots of 3 blocks: [0,12) [12,24) [24,32), the last one shorter. */
function withMemslots(options: BenchOptions = {}): Bench {
  const bench = createBench({ blocksPerMemslot: 3, requestedBlocks: 8, hasGuestMemfd: false, ...options });
  bench.take();
  return bench;
}

describe('plug with memslots', () => {
  test('the memslot comes first, then the question', () => {
    const { device, take } = withMemslots();
    expect(device.plug(1, 1)).toBe('ACK');
    expect(take()).toEqual(['activate 0 [0,12)', 'willPlug [4,8) u', 'plugged [4,8) P']);
    expect(memslotText(device)).toBe('A--');
  });

  test('a range over several memslots activates each, ascending, before anybody is asked', () => {
    const { device, take } = withMemslots();
    device.plug(2, 6);
    expect(take()).toEqual([
      'activate 0 [0,12)',
      'activate 1 [12,24)',
      'activate 2 [24,32)',
      'willPlug [8,32) uuuuuu',
      'plugged [8,32) PPPPPP',
    ]);
  });

  test('a memslot that is active stays as it is', () => {
    const { device, take } = withMemslots();
    device.plug(0, 1);
    take();
    device.plug(2, 2);
    expect(take()).toEqual(['activate 1 [12,24)', 'willPlug [8,16) uu', 'plugged [8,16) PP']);
  });

  test('with guest_memfd the strategy hears of each slot, as KVM takes it for private', () => {
    const { device, take } = withMemslots({ hasGuestMemfd: true });
    device.plug(2, 2);
    expect(take()).toEqual([
      'activate 0 [0,12)',
      'slotAdded [0,12) uuu',
      'activate 1 [12,24)',
      'slotAdded [12,24) uuu',
      'willPlug [8,16) uu',
      'plugged [8,16) PP',
    ]);
  });

  test('in place no slot is told: the sides are those of guest_memfd', () => {
    const { device, take } = withMemslots({ hasGuestMemfd: true, regime: 'in-place' });
    device.plug(0, 1);
    expect(take()).toEqual(['activate 0 [0,12)', 'willPlug [0,4) u', 'plugged [0,4) P']);
  });
});

describe('unplug with memslots', () => {
  test('a memslot with something plugged stays', () => {
    const { device, take } = withMemslots();
    device.plug(0, 2);
    take();
    device.unplug(0, 1);
    expect(take()).toEqual(['willUnplug [0,4) P', 'discard-shared [0,4)', 'discarded [0,4) P', 'unplugged [0,4) u']);
    expect(memslotText(device)).toBe('A--');
  });

  test('a memslot goes after its last block, when all else is done', () => {
    const { device, take } = withMemslots();
    device.plug(0, 1);
    device.plug(4, 1);
    take();
    device.unplug(0, 1);
    expect(take().slice(-2)).toEqual(['unplugged [0,4) u', 'deactivate 0 [0,12)']);
    expect(memslotText(device)).toBe('-A-');
  });

  test('a range over several memslots takes away those that are empty then, ascending', () => {
    const { device, take } = withMemslots();
    device.plug(1, 7);
    take();
    device.unplug(2, 6);
    expect(take().slice(-3)).toEqual(['unplugged [8,32) uuuuuu', 'deactivate 1 [12,24)', 'deactivate 2 [24,32)']);
    expect([stateText(device), memslotText(device)]).toEqual(['uPuuuuuu', 'A--']);
  });

  test('unplug-all takes away every active one', () => {
    const { device, take } = withMemslots();
    device.plug(0, 1);
    device.plug(7, 1);
    take();
    device.unplugAll();
    expect(take()).toEqual([
      'willUnplugAll [0,32) PuuuuuuP',
      'discard-shared [0,32)',
      'discardedAll [0,32) PuuuuuuP',
      'unplugged [0,32) uuuuuuuu',
      'deactivate 0 [0,12)',
      'deactivate 2 [24,32)',
    ]);
  });

  test('a system reset is an unplug-all; a wake-up leaves memory and memslots', () => {
    const { device, take } = withMemslots();
    device.plug(0, 1);
    take();
    device.systemReset('wake-up');
    expect([take(), memslotText(device)]).toEqual([[], 'A--']);
    device.systemReset();
    expect([stateText(device), memslotText(device)]).toEqual(['uuuuuuuu', '---']);
  });

  test('a refused unplug keeps its memslot', () => {
    const bench = withMemslots();
    bench.device.plug(0, 1);
    bench.faults.discardShared = -ERRNO.EIO;
    expect(bench.device.unplug(0, 1)).toBe('BUSY');
    expect(memslotText(bench.device)).toBe('A--');
  });
});

describe('a refused plug with memslots', () => {
  test('takes its memslots back, then discards', () => {
    const bench = withMemslots();
    bench.faults.willPlug = -ERRNO.ENOMEM;
    expect(bench.device.plug(2, 2)).toBe('BUSY');
    expect(bench.take()).toEqual([
      'activate 0 [0,12)',
      'activate 1 [12,24)',
      'willPlug [8,16) uu',
      'plugAborted [8,16) uu',
      'deactivate 0 [0,12)',
      'deactivate 1 [12,24)',
      'discard-shared [8,16)',
    ]);
  });

  test('keeps a memslot that has something else plugged', () => {
    const bench = withMemslots();
    bench.device.plug(0, 1);
    bench.faults.willPlug = -ERRNO.ENOMEM;
    bench.take();
    bench.device.plug(2, 2);
    expect(bench.take().filter((line) => line.startsWith('deactivate'))).toEqual(['deactivate 1 [12,24)']);
    expect([stateText(bench.device), memslotText(bench.device)]).toEqual(['Puuuuuuu', 'A--']);
  });

  test('a memslot that cannot come: nobody is asked, earlier ones go again, BUSY', () => {
    const bench = withMemslots();
    bench.faults.activateOdd = -ERRNO.ENOSPC;
    expect(bench.device.plug(2, 2)).toBe('BUSY');
    expect(bench.take()).toEqual([
      'activate 0 [0,12)',
      'activate 1 [12,24)',
      'deactivate 0 [0,12)',
      'discard-shared [8,16)',
    ]);
    bench.faults.activateOdd = 0;
    expect(bench.device.plug(2, 2)).toBe('ACK');
  });
});

test('prealloc comes before memslots; a refusal activates nothing and frees what it filled', () => {
  const bench = withMemslots({ hasPrealloc: true });
  bench.device.plug(0, 1);
  expect(bench.take()).toEqual(['prealloc [0,4)', 'activate 0 [0,12)', 'willPlug [0,4) u', 'plugged [0,4) P']);
  bench.faults.prealloc = -ERRNO.ENOMEM;
  expect(bench.device.plug(3, 2)).toBe('BUSY');
  expect(bench.take()).toEqual(['prealloc [12,20)', 'discard-shared [12,20)']);
  expect(memslotText(bench.device)).toBe('A--');
});
