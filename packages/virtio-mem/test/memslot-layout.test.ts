// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { createVirtioMem, memslotLayout, MIN_MEMSLOT_PAGES, NO_LISTENER, type VirtioMemOptions } from '../src/index.ts';

const GIB = 2 ** 30 / 4096;
const MIB = 2 ** 20 / 4096;

describe('memslotLayout', () => {
  test.each([
    // 256 memslots would make 64 MiB each; 1 GiB is the smallest.
    { what: '16 GiB, plenty of memslots', region: 16 * GIB, block: 2 * MIB, limit: 256, count: 16, size: GIB },
    { what: '16 GiB, 4 memslots', region: 16 * GIB, block: 2 * MIB, limit: 4, count: 4, size: 4 * GIB },
    { what: '16 GiB, 3 memslots, rounded up to blocks', region: 16 * GIB, block: 2 * MIB, limit: 3, count: 3, size: 2731 * 2 * MIB },
    { what: 'a last memslot that is shorter', region: 5 * GIB + 2 * MIB, block: 2 * MIB, limit: 100, count: 6, size: GIB },
    { what: 'blocks above 1 GiB', region: 16 * GIB, block: 2 * GIB, limit: 100, count: 8, size: 2 * GIB },
    { what: 'one memslot allowed', region: 16 * GIB, block: 2 * MIB, limit: 1, count: 1, size: 16 * GIB },
    { what: 'less than one memslot of memory', region: 256 * MIB, block: 2 * MIB, limit: 256, count: 1, size: 256 * MIB },
    { what: 'exactly one', region: GIB, block: 2 * MIB, limit: 256, count: 1, size: GIB },
  ])('$what', ({ region, block, limit, count, size }) => {
    const layout = memslotLayout(region, block, limit);
    expect(layout).toEqual({ memslotCount: count, memslotPages: size, blocksPerMemslot: size / block });
    expect(MIN_MEMSLOT_PAGES).toBe(GIB);
  });

  test.each([
    ['no region', 0, 512, 4],
    ['half a block', 512, 0.5, 4],
    ['no memslot at all', 512, 512, 0],
    ['a region between two blocks', 700, 512, 4],
  ])('refuses %s', (_why, region, block, limit) => {
    expect(() => memslotLayout(region, block, limit)).toThrow(expect.objectContaining({ code: 'memslot-not-block-count' }));
  });
});

describe('realize with memslots', () => {
  const options = (blocksPerMemslot: number, scaled = false): VirtioMemOptions => ({
    name: 'vmem0',
    block: { name: 'ram', pageCount: 4 * GIB, hostFirstPage: 0, hasGuestMemfd: true },
    firstGfn: 4 * GIB,
    blockPages: 2 * MIB,
    requestedPages: 0,
    scaled,
    host: { regime: 'two-backend', discard: () => 0 },
    events: NO_LISTENER,
    isMigrating: () => false,
    memslots: { blocksPerMemslot, host: { activate: () => 0, deactivate: () => undefined } },
  });

  test.each([
    { what: 'no block', blocksPerMemslot: 0, code: 'memslot-not-block-count' },
    { what: 'half a block', blocksPerMemslot: 1.5, code: 'memslot-not-block-count' },
    { what: 'less than 1 GiB', blocksPerMemslot: 511, code: 'memslot-too-small' },
  ])('refuses memslots of $what: $code', ({ blocksPerMemslot, code }) => {
    expect(() => createVirtioMem(options(blocksPerMemslot))).toThrow(expect.objectContaining({ code }));
  });

  test('takes memslots of 1 GiB and more, and any in a small world', () => {
    expect(createVirtioMem(options(512)).memslotCount).toBe(4);
    expect(createVirtioMem(options(4000)).memslotCount).toBe(1);
    expect(createVirtioMem(options(1, true)).memslotCount).toBe(2048);
  });

  test('none is active before something is plugged', () => {
    const device = createVirtioMem(options(512));
    expect([0, 1, 2, 3].map((index) => device.isMemslotActive(index))).toEqual([false, false, false, false]);
  });
});
