// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { printOperation, printWorld } from '../../src/history/print-history.ts';
import { faultSets } from '../../src/search/world/fault-sets.ts';
import { searchedOperations } from '../../src/search/world/searched-operations.ts';
import { boundedWorld, STANDARD_BOUND, whyNoWorld } from '../../src/search/world/world-bound.ts';
import { uncoordinated } from '../../src/controls/uncoordinated.ts';

const withDevice = { ...uncoordinated, capabilities: { ...uncoordinated.capabilities, virtioMem: true, views: true } };

describe('the world of a bound', () => {
  test('the standard bound has a page of boot RAM and two blocks of one page', () => {
    const world = printWorld(boundedWorld(STANDARD_BOUND, withDevice));
    expect(world).toBe('world(containers=c0:type1v2,c1:iommufd, pages=1, vmem=2x1)');
  });

  test('a design without virtio-mem gets boot RAM alone', () => {
    expect(printWorld(boundedWorld(STANDARD_BOUND, uncoordinated))).toBe('world(containers=c0:type1v2,c1:iommufd, pages=3)');
  });

  test('blocks are as large as a power of two allows beside a page of boot RAM', () => {
    const { pages, vmem } = boundedWorld({ ...STANDARD_BOUND, pages: 8, blocks: 2, containers: 3 }, withDevice);
    expect([pages, vmem]).toEqual([4, [{ blockCount: 2, blockPages: 2 }]]);
  });

  test('containers take turns with the backends that are named', () => {
    const { containers } = boundedWorld({ ...STANDARD_BOUND, containers: 3, backends: ['vfio-user', 'iommufd'] }, uncoordinated);
    expect(containers.map(({ backend }) => backend)).toEqual(['vfio-user', 'iommufd', 'vfio-user']);
  });

  test('as many blocks as pages leave no boot RAM', () => {
    expect(whyNoWorld({ ...STANDARD_BOUND, blocks: 3 })).toContain('3 pages');
    expect(whyNoWorld(STANDARD_BOUND)).toBeUndefined();
  });
});

describe('the operations of a search', () => {
  const operations = searchedOperations(boundedWorld(STANDARD_BOUND, withDevice), withDevice).map(printOperation);

  test('every range of pages is converted to both sides', () => {
    const conversions = operations.filter((text) => text.startsWith('convert'));
    expect(conversions.length).toBe(12);
    expect(conversions).toContain('convert(1+2,private)');
  });

  test('every run of blocks is plugged and unplugged, every container attached and detached', () => {
    expect(operations.filter((text) => /^(un)?plug\(/.test(text)).length).toBe(6);
    expect(operations.filter((text) => /^(at|de)tach/.test(text)).length).toBe(4);
  });

  test('a design that shows nothing is neither dumped nor migrated', () => {
    const blind = searchedOperations(boundedWorld(STANDARD_BOUND, uncoordinated), uncoordinated).map(printOperation);
    expect(blind.filter((text) => /^(migrate|dump)/.test(text))).toEqual([]);
    expect(operations).toContain('dump');
  });

  test('no operation comes twice', () => {
    expect(new Set(operations).size).toBe(operations.length);
    expect(operations.length).toBe(31);
  });
});

describe('the refusals inside an operation', () => {
  test('none, or one of each kind of call at each index', () => {
    expect(faultSets(1, 1, 2)).toEqual([[0, 0], [1, 0], [2, 0], [0, 1], [0, 2]]);
  });

  test('two refusals are of two kinds, and no set comes twice', () => {
    const sets = faultSets(2, 2, 3).map(String);
    expect(sets.length).toBe(1 + 4 * 3 + 6 * 9);
    expect(new Set(sets).size).toBe(sets.length);
  });
});
