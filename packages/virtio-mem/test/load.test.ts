// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SavedBlocks, SavedSizes, VirtioMem } from '../src/index.ts';
import { createBench, memslotText, stateText, type Bench, type BenchOptions } from './support/bench.ts';
import { compare, runs } from './support/operations.ts';

function destination(options: BenchOptions = {}): Bench {
  return createBench({ hasGuestMemfd: false, isIncoming: true, ...options });
}

/** `PPuuPuuu`, saved. */
function saved(): { blocks: SavedBlocks; sizes: SavedSizes } {
  const { device } = createBench();
  device.plug(0, 2);
  device.plug(4, 1);
  return { blocks: device.saveBlocks(), sizes: device.saveSizes() };
}

function load(device: VirtioMem, state: { blocks: SavedBlocks; sizes: SavedSizes }): number {
  return device.loadBlocks(state.blocks) || device.loadSizes(state.sizes);
}

describe('load', () => {
  test('an incoming device is not discarded when it is created', () => {
    expect(destination().take()).toEqual([]);
  });

  test('the bitmap is in force when the strategy hears of it, once, by its runs', () => {
    const { device, take } = destination();
    expect(device.loadBlocks(saved().blocks)).toBe(0);
    expect(take()).toEqual(['loaded [0,8)[16,20) of [0,32) PPuuPuuu']);
  });

  test('after the RAM, what is not plugged is discarded again', () => {
    const { device, take } = destination();
    device.loadBlocks(saved().blocks);
    take();
    expect(device.loadSizes(saved().sizes)).toBe(0);
    expect(take()).toEqual(['discard-shared [8,16)', 'discard-shared [20,32)']);
  });

  test('before its sizes came, blocks above the usable region are there in the runs only', () => {
    const { device, take } = destination({ requestedBlocks: 3, extentPages: 0 });
    device.loadBlocks(saved().blocks);
    expect(take()).toEqual(['loaded [0,8)[16,20) of [0,32) PPuuuuuu']);
    device.loadSizes({ usablePages: 24, requestedPages: 24 });
    expect(stateText(device)).toBe('PPuuPuuu');
  });

  test('all together: the usable region is known when the strategy hears of the blocks', () => {
    const { device, take } = destination({ requestedBlocks: 3, extentPages: 0 });
    const { blocks } = saved();
    expect(device.loadTogether(blocks, { usablePages: 24, requestedPages: 24 })).toBe(0);
    expect(take()[0]).toBe('loaded [0,8)[16,20) of [0,32) PPuuPuuu');
  });

  test('memslots with something plugged come before the strategy hears of the blocks', () => {
    const { device, take } = destination({ blocksPerMemslot: 3, hasGuestMemfd: true });
    device.loadBlocks(saved().blocks);
    expect(take()).toEqual([
      'activate 0 [0,12)',
      'slotAdded [0,12) PPu',
      'activate 1 [12,24)',
      'slotAdded [12,24) uPu',
      'loaded [0,8)[16,20) of [0,32) PPuuPuuu',
    ]);
    expect(memslotText(device)).toBe('AA-');
  });

  test('a device that was loaded goes on as the saved one would', () => {
    const { device } = destination();
    load(device, saved());
    expect([device.plug(2, 3), device.plug(2, 2), device.unplug(4, 1)]).toEqual(['ERROR', 'ACK', 'ACK']);
  });
});

describe('prealloc and postcopy', () => {
  test('every plugged run is preallocated before the strategy hears of it', () => {
    const { device, take } = destination({ hasPrealloc: true });
    device.loadBlocks(saved().blocks);
    expect(take().slice(0, 2)).toEqual(['prealloc [0,8)', 'prealloc [16,20)']);
  });

  test('with postcopy advised all is discarded again, to start from a clean slate', () => {
    const { device, take } = destination({ hasPrealloc: true });
    expect(device.loadBlocks(saved().blocks, { postcopy: 'advised' })).toBe(0);
    expect(take()).toEqual(['prealloc [0,8)', 'prealloc [16,20)', 'discard-shared [0,32)', 'loaded [0,8)[16,20) of [0,32) PPuuPuuu']);
  });

  test('with postcopy running nothing is discarded after it', () => {
    const { device, take } = destination();
    device.loadBlocks(saved().blocks, { postcopy: 'advised' });
    take();
    expect(device.loadSizes(saved().sizes, { postcopy: 'running' })).toBe(0);
    expect(take()).toEqual([]);
  });

  test('RAM that is not in the stream is neither preallocated nor discarded', () => {
    const { device, take } = destination({ hasPrealloc: true });
    const { blocks, sizes } = saved();
    device.loadBlocks(blocks, { isRamIgnored: true });
    device.loadSizes(sizes, { isRamIgnored: true });
    expect(take()).toEqual(['loaded [0,8)[16,20) of [0,32) PPuuPuuu']);
  });

  test('all together it is too late for prealloc', () => {
    const { device, take } = destination({ hasPrealloc: true });
    const { blocks, sizes } = saved();
    expect(device.loadTogether(blocks, sizes)).toBe(0);
    expect(take()).toEqual(['loaded [0,8)[16,20) of [0,32) PPuuPuuu', 'discard-shared [8,16)', 'discard-shared [20,32)']);
  });

  test('while the incoming postcopy runs every request is BUSY', () => {
    const bench = destination();
    load(bench.device, saved());
    bench.migrating = true;
    expect([bench.device.plug(2, 1), bench.device.unplug(0, 1), bench.device.unplugAll()]).toEqual(['BUSY', 'BUSY', 'BUSY']);
  });
});

describe('a load ends', () => {
  test.each([
    { what: 'another address', change: { firstGfn: 2048 } },
    { what: 'another region', change: { regionPages: 64 } },
    { what: 'another block size', change: { blockPages: 8 } },
    { what: 'another node', change: { node: 1 } },
    { what: 'a size that is not that of the bitmap', change: { pluggedPages: 16 } },
    { what: 'a run past the region', change: { pluggedRuns: [{ firstBlock: 6, endBlock: 9 }] } },
    { what: 'an empty run', change: { pluggedRuns: [{ firstBlock: 6, endBlock: 6 }], pluggedPages: 0 } },
    { what: 'runs out of order', change: { pluggedRuns: [{ firstBlock: 4, endBlock: 6 }, { firstBlock: 0, endBlock: 1 }] } },
    { what: 'half a block', change: { pluggedRuns: [{ firstBlock: 0.5, endBlock: 3.5 }] } },
  ])('with -EINVAL for $what, and nobody hears of it', ({ change }) => {
    const { device, take } = destination();
    expect(device.loadBlocks({ ...saved().blocks, ...change })).toBe(-ERRNO.EINVAL);
    expect([take(), device.pluggedPages, stateText(device)]).toEqual([[], 0, 'uuuuuuuu']);
  });

  test.each([{ usablePages: 36 }, { usablePages: 2 }, { requestedPages: -4 }, { requestedPages: Number.NaN }])(
    'with -EINVAL for sizes the device cannot have: %j',
    (change) => {
      const { device } = destination();
      expect(device.loadSizes({ ...saved().sizes, ...change })).toBe(-ERRNO.EINVAL);
      expect([device.usablePages, device.requestedPages]).toEqual([32, 24]);
      const { device: other } = destination();
      expect(other.loadTogether(saved().blocks, { ...saved().sizes, ...change })).toBe(-ERRNO.EINVAL);
      expect(other.pluggedPages).toBe(0);
    },
  );

  test('with the status of the strategy that refused', () => {
    const bench = destination();
    bench.faults.loaded = -ERRNO.ENOSPC;
    expect(bench.device.loadBlocks(saved().blocks)).toBe(-ERRNO.ENOSPC);
  });

  test('with the status of a memslot that cannot come; the strategy does not hear of blocks', () => {
    const bench = destination({ blocksPerMemslot: 3 });
    bench.faults.activateOdd = -ERRNO.ENOSPC;
    expect(bench.device.loadBlocks(saved().blocks)).toBe(-ERRNO.ENOSPC);
    expect(bench.take()).toEqual(['activate 0 [0,12)', 'activate 1 [12,24)']);
  });

  test.each([
    { fault: 'prealloc', postcopy: 'none', status: -ERRNO.ENOMEM },
    { fault: 'discardShared', postcopy: 'advised', status: -ERRNO.EBUSY },
  ] as const)('with its own status for a failed $fault', ({ fault, postcopy, status }) => {
    const bench = destination({ hasPrealloc: true });
    bench.faults[fault] = -ERRNO.EIO;
    expect(bench.device.loadBlocks(saved().blocks, { postcopy })).toBe(status);
  });

  test('with -EINVAL when what is not plugged cannot be discarded', () => {
    const bench = destination();
    bench.device.loadBlocks(saved().blocks);
    bench.faults.discardShared = -ERRNO.EIO;
    expect(bench.device.loadSizes(saved().sizes)).toBe(-ERRNO.EINVAL);
  });

  test('before it began, on a device that has something plugged', () => {
    const { device } = createBench();
    device.plug(0, 1);
    const { blocks, sizes } = saved();
    for (const call of [() => device.loadBlocks(blocks), () => device.loadTogether(blocks, sizes)]) {
      expect(call).toThrow(expect.objectContaining({ code: 'load-not-fresh' }));
    }
  });
});

test('whatever was done to a device, its save loads into an equal one, both ways', () => {
  fc.assert(
    fc.property(runs, fc.boolean(), (run, together) => {
      const { device } = compare(run);
      const { extentPages, ...shape } = run.shape;
      const { device: loaded } = createBench({ ...shape, extentPages, requestedBlocks: 0, isIncoming: true });
      const state = { blocks: device.saveBlocks(), sizes: device.saveSizes() };
      expect(together ? loaded.loadTogether(state.blocks, state.sizes) : load(loaded, state)).toBe(0);
      const seen = [stateText, memslotText].map((text) => [text(loaded), text(device)]);
      expect(seen.filter(([a, b]) => a !== b)).toEqual([]);
      expect([loaded.saveBlocks(), loaded.saveSizes()]).toEqual([state.blocks, state.sizes]);
    }),
  );
});
