// SPDX-License-Identifier: MIT
import { ERRNO, type Host, type RamBlock } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import {
  createVirtioMem,
  MIN_BLOCK_PAGES,
  NO_LISTENER,
  type RefusalCode,
  USABLE_EXTENT_PAGES,
  type VirtioMemOptions,
  VirtioMemRefusal,
} from '../src/index.ts';
import { createBench, stateText } from './support/bench.ts';

const host: Pick<Host, 'discard' | 'regime'> = { regime: 'two-backend', discard: () => 0 };

function blockOf(pageCount: number): RamBlock {
  return { name: 'ram', pageCount, hostFirstPage: 0, hasGuestMemfd: true };
}

/** 64 MiB in 2 MiB blocks at 4 GiB, half of it requested. */
function options(changes: Partial<VirtioMemOptions> = {}): VirtioMemOptions {
  return {
    name: 'vmem0',
    block: blockOf(16384),
    firstGfn: 0x100000,
    blockPages: 512,
    requestedPages: 8192,
    host,
    events: NO_LISTENER,
    isMigrating: () => false,
    ...changes,
  };
}

describe('realize', () => {
  test('a device starts with a clean slate: everything discarded, nothing plugged', () => {
    const { device, take } = createBench();
    expect(take()).toEqual(['discard-shared [0,32)', 'discard-private [0,32)']);
    expect(stateText(device)).toBe('uuuuuuuu');
    expect(device.pluggedPages).toBe(0);
  });

  test('a full-size device has the extent of x86', () => {
    expect(USABLE_EXTENT_PAGES * 4096).toBe(256 * 1024 * 1024);
    const device = createVirtioMem(options({ block: blockOf(524288) }));
    expect(device.usablePages).toBe(8192 + 65536);
    expect(device.granulePages).toBe(512);
    expect(device.blockCount).toBe(1024);
  });

  test('1 MiB is the smallest block of a device that is not scaled', () => {
    expect(MIN_BLOCK_PAGES * 4096).toBe(1024 * 1024);
    expect(createVirtioMem(options({ blockPages: 256 })).granulePages).toBe(256);
  });

  test('one page is the smallest block of a scaled device', () => {
    const device = createVirtioMem(options({ blockPages: 1, block: blockOf(4), requestedPages: 4, scaled: true }));
    expect(device.plug(3, 1)).toBe('ACK');
  });

  test('a host that cannot discard has no device', () => {
    const broken = { ...host, discard: () => -ERRNO.EIO };
    expect(() => createVirtioMem(options({ host: broken }))).toThrow(
      expect.objectContaining({ code: 'clean-slate-failed' }),
    );
  });
});

describe('realize refuses', () => {
  const table: readonly [why: string, code: RefusalCode, changes: Partial<VirtioMemOptions>][] = [
    ['no block size', 'block-not-power-of-two', { blockPages: 0 }],
    ['a negative block size', 'block-not-power-of-two', { blockPages: -512 }],
    ['a block size of 3 MiB', 'block-not-power-of-two', { blockPages: 768 }],
    ['half a page', 'block-not-power-of-two', { blockPages: 0.5, scaled: true }],
    ['a size beside a large power of two', 'block-not-power-of-two', { blockPages: 2 ** 49 + 1 }],
    ['512 KiB blocks', 'block-too-small', { blockPages: 128 }],
    ['a requested size between two blocks', 'requested-not-multiple', { requestedPages: 100 }],
    ['a negative requested size', 'requested-not-multiple', { requestedPages: -512 }],
    ['a requested size over the region', 'requested-above-region', { requestedPages: 16896 }],
    ['a place between two blocks', 'placement-not-multiple', { firstGfn: 0x100001 }],
    ['a negative place', 'placement-not-multiple', { firstGfn: -512 }],
    ['a place at the end of the addresses', 'placement-too-high', { firstGfn: 2 ** 52 - 16384 }],
    ['a region between two blocks', 'region-not-multiple', { block: blockOf(16385) }],
    ['a region without a block', 'region-not-multiple', { block: blockOf(0), requestedPages: 0 }],
    ['a negative extent', 'extent-not-page-count', { extentPages: -1 }],
    ['an extent that is no number', 'extent-not-page-count', { extentPages: Number.NaN }],
  ];
  for (const [why, code, changes] of table) {
    test(`${why}: ${code}, before anything is discarded`, () => {
      let discards = 0;
      const counting = { ...host, discard: () => (discards += 1) };
      expect(() => createVirtioMem(options({ host: counting, ...changes }))).toThrow(
        expect.objectContaining({ code }),
      );
      expect(discards).toBe(0);
    });
  }

  test('with a text that names call, value, limit and next step', () => {
    const error = catchRefusal(() => createVirtioMem(options({ blockPages: 128 })));
    expect(error.message).toBe(
      'createVirtioMem: blockPages = 128 must be at least 256 (1 MiB). ' +
        'Hint: use a larger block, or set scaled: true for a small world.',
    );
    expect(error.name).toBe('VirtioMemRefusal');
  });
});

function catchRefusal(call: () => unknown): VirtioMemRefusal {
  try {
    call();
  } catch (error) {
    if (error instanceof VirtioMemRefusal) return error;
  }
  throw new Error('the call was not refused with a VirtioMemRefusal');
}
