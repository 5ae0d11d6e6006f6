// SPDX-License-Identifier: MIT
import { statusText } from '@sda-lab/guest-memory';
import {
  type BackendId,
  type ContainerOptions,
  createContainer,
  DIRTY_GET_BITMAP,
  DIRTY_START,
  DIRTY_STOP,
  type DmaMap,
  type DmaUnmap,
  type IommuContainer,
  MAP_READ,
  MAP_VADDR,
  MAP_WRITE,
  UNMAP_ALL,
  UNMAP_GET_DIRTY_BITMAP,
  UNMAP_VADDR,
  type VfioDoor,
  VTD_48,
} from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { TestMemory } from './support/test-memory.ts';

const LAST = (1n << 64n) - 1n;
const RW = MAP_READ | MAP_WRITE;

interface Setup {
  readonly container: IommuContainer;
  readonly door: VfioDoor;
  readonly memory: TestMemory;
}

function open(backend: BackendId = 'type1v2', options: Partial<ContainerOptions> = {}): Setup {
  const memory = new TestMemory(1024, [700]);
  const container = createContainer(backend, { memory, ...options });
  const { ioctl } = container;
  if (ioctl.kind !== 'type1' && ioctl.kind !== 'compat') throw new Error('not a VFIO door');
  return { container, door: ioctl, memory };
}

const aMap = (map: Partial<DmaMap> = {}): DmaMap => ({ flags: RW, vaddr: 0n, iova: 0x100000n, size: 0x1000n, ...map });
const anUnmap = (unmap: Partial<DmaUnmap> = {}): DmaUnmap => ({ flags: 0, iova: 0x100000n, size: 0x1000n, ...unmap });

/** One 16 KiB mapping at 0x100000. */
function withMapping(backend: BackendId = 'type1v2', options: Partial<ContainerOptions> = {}): Setup {
  const setup = open(backend, options);
  expect(setup.door.mapDma(aMap({ size: 0x4000n }))).toBe(0);
  return setup;
}

describe('MAP_DMA of type1v2', () => {
  test.each([
    { name: 'a struct too short', map: { argsz: 31 }, answer: '-EINVAL' },
    { name: 'a longer struct', map: { argsz: 64 }, answer: '0' },
    { name: 'an unknown flag', map: { flags: 8 | RW }, answer: '-EINVAL' },
    { name: 'size 0', map: { size: 0n }, answer: '-EINVAL' },
    { name: 'size 0 with a range that wraps', map: { size: 0n, iova: LAST }, answer: '-EINVAL' },
    { name: 'an IOVA that wraps', map: { iova: LAST - 0xfffn, size: 0x2000n }, answer: '-EOVERFLOW' },
    { name: 'an address that wraps', map: { vaddr: LAST - 0xfffn, size: 0x2000n }, answer: '-EOVERFLOW' },
    { name: 'an end at 2^64, beyond the aperture', map: { iova: LAST - 0xfffn }, answer: '-EINVAL' },
    { name: 'a wrap before missing rights', map: { iova: LAST, size: 2n, flags: 0 }, answer: '-EOVERFLOW' },
    { name: 'no rights', map: { flags: 0 }, answer: '-EINVAL' },
    { name: 'rights and VADDR together', map: { flags: RW | MAP_VADDR }, answer: '-EINVAL' },
    { name: 'a misaligned IOVA', map: { iova: 0x100800n }, answer: '-EINVAL' },
    { name: 'a misaligned size', map: { size: 0x800n }, answer: '-EINVAL' },
    { name: 'a misaligned address', map: { vaddr: 1n }, answer: '-EINVAL' },
    { name: 'the MSI window', map: { iova: 0xfee00000n }, answer: '-EINVAL' },
    { name: 'a range across the MSI window', map: { iova: 0xfedff000n, size: 0x102000n }, answer: '-EINVAL' },
    { name: 'the first page behind the aperture', map: { iova: 1n << 48n }, answer: '-EINVAL' },
    { name: 'the last page of the aperture', map: { iova: (1n << 48n) - 0x1000n }, answer: '0' },
    { name: 'IOVA 0', map: { iova: 0n }, answer: '0' },
    { name: 'memory that is not there', map: { vaddr: 0x7000_0000_0000n }, answer: '-EFAULT' },
    { name: 'memory partly there', map: { vaddr: 698n << 12n, size: 0x3000n }, answer: '-EFAULT' },
    { name: 'the last page of the address space', map: { vaddr: LAST - 0xfffn }, answer: '-EFAULT' },
  ])('$name: $answer', ({ map, answer }) => {
    const { door, container, memory } = open();
    expect(statusText(door.mapDma(aMap(map)))).toBe(answer);
    expect(memory.frames.pinCount).toBe(container.mappingCount);
    expect([container.mapCalls, container.refusedMapCalls]).toEqual([1, answer === '0' ? 0 : 1]);
  });

  test.each([
    { name: 'alignment before overlap', map: { size: 0x800n }, answer: '-EINVAL' },
    { name: 'overlap before the limit', map: {}, answer: '-EEXIST' },
    { name: 'overlap before the reserved window', map: { iova: 0xfedff000n, size: 0x2000n }, answer: '-EEXIST' },
    { name: 'the limit before the range', map: { iova: 1n << 48n }, answer: '-ENOSPC' },
    { name: 'the limit before bad memory', map: { iova: 0x200000n, vaddr: 700n << 12n }, answer: '-ENOSPC' },
  ])('$name', ({ map, answer }) => {
    const { door, container } = withMapping('type1v2', { dmaEntryLimit: 2 });
    expect(door.mapDma(aMap({ iova: 0xfedff000n }))).toBe(0);
    expect(container.entriesAvailable).toBe(0);
    expect(statusText(door.mapDma(aMap(map)))).toBe(answer);
  });

  test.each(['6.1', '6.12'] as const)('kernel %s refuses a wrap with EINVAL', (kernel) => {
    const { door } = open('type1v2', { kernel });
    expect(statusText(door.mapDma(aMap({ iova: LAST - 0xfffn, size: 0x2000n })))).toBe('-EINVAL');
    expect(statusText(door.unmapDma(anUnmap({ iova: LAST - 0xfffn, size: 0x2000n })).status)).toBe('-EINVAL');
  });

  test('kernel 6.1 finds nothing in a range that ends at 2^64, 7.2 finds all', () => {
    const upTo = anUnmap({ iova: 0x100000n, size: (1n << 64n) - 0x100000n });
    expect(withMapping('type1v2', { kernel: '6.1' }).door.unmapDma(upTo)).toMatchObject({ status: 0, size: 0n });
    expect(withMapping().door.unmapDma(upTo)).toMatchObject({ status: 0, size: 0x4000n });
  });

  test('an IOMMU with 64 KiB pages refuses smaller ones', () => {
    const { door, container } = open('type1v2', { geometry: { ...VTD_48, pageSizes: 0x10000n } });
    expect(statusText(door.mapDma(aMap()))).toBe('-EINVAL');
    expect(door.mapDma(aMap({ size: 0x10000n }))).toBe(0);
    expect(statusText(container.mapPages(0x200, 0, 16, 1, true))).toBe('-EINVAL');
    expect(statusText(container.mapPages(0x200, 0, 24, 16, true))).toBe('-EINVAL');
    expect(container.done).toBe(1);
  });
});

describe('RLIMIT_MEMLOCK in type1v2', () => {
  test('counts each mapping of a page, and the same page twice', () => {
    const { door, container } = open('type1v2', { memlock: { limitPages: 2, capIpcLock: false } });
    expect(door.mapDma(aMap())).toBe(0);
    expect(door.mapDma(aMap({ iova: 0x200000n }))).toBe(0);
    expect(container.account.lockedVm).toBe(2);
    expect(statusText(door.mapDma(aMap({ iova: 0x300000n })))).toBe('-ENOMEM');
    door.unmapDma(anUnmap());
    expect(door.mapDma(aMap({ iova: 0x300000n }))).toBe(0);
  });

  test('with CAP_IPC_LOCK only counts', () => {
    const { door, container } = open('type1v2', { memlock: { limitPages: 2, capIpcLock: true } });
    expect(door.mapDma(aMap({ size: 0x8000n }))).toBe(0);
    expect(container.account.lockedVm).toBe(8);
    container.account.capIpcLock = false;
    expect(statusText(door.mapDma(aMap({ iova: 0x300000n })))).toBe('-ENOMEM');
  });

  test.each([
    { name: 'a bad page behind more than the limit', good: 3, answer: '-ENOMEM' },
    { name: 'a bad page within the limit', good: 2, answer: '-EFAULT' },
    { name: 'no good page', good: 0, answer: '-EFAULT' },
  ])('$name: $answer', ({ good, answer }) => {
    const { door } = open('type1v2', { memlock: { limitPages: 2, capIpcLock: false } });
    const vaddr = BigInt(700 - good) << 12n;
    expect(statusText(door.mapDma(aMap({ vaddr, size: 0x8000n })))).toBe(answer);
  });
});

describe('UNMAP_DMA of type1v2', () => {
  test.each([
    { name: 'the head', unmap: {}, answer: '-EINVAL', size: 0x1000n },
    { name: 'the middle', unmap: { iova: 0x101000n }, answer: '-EINVAL', size: 0x1000n },
    { name: 'beyond both ends', unmap: { iova: 0xff000n, size: 0x6000n }, answer: '0', size: 0x4000n },
    { name: 'a hole', unmap: { iova: 0x200000n }, answer: '0', size: 0n },
    { name: 'everything by flag', unmap: { flags: UNMAP_ALL, iova: 0n, size: 0n }, answer: '0', size: 0x4000n },
    { name: 'the flag with a size', unmap: { flags: UNMAP_ALL, iova: 0n }, answer: '-EINVAL', size: 0x1000n },
    { name: 'the flag with an IOVA', unmap: { flags: UNMAP_ALL, size: 0n }, answer: '-EINVAL', size: 0n },
    { name: 'size 0', unmap: { size: 0n }, answer: '-EINVAL', size: 0n },
    { name: 'a misaligned IOVA', unmap: { iova: 0x100800n }, answer: '-EINVAL', size: 0x1000n },
    { name: 'a misaligned size', unmap: { size: 0x4001n }, answer: '-EINVAL', size: 0x4001n },
    { name: 'a wrap', unmap: { iova: LAST - 0xfffn, size: 0x2000n }, answer: '-EOVERFLOW', size: 0x2000n },
    { name: 'an unknown flag', unmap: { flags: 8, size: 0x4000n }, answer: '-EINVAL', size: 0x4000n },
    { name: 'a struct too short', unmap: { argsz: 23, size: 0x4000n }, answer: '-EINVAL', size: 0x4000n },
  ])('$name: $answer, size field $size', ({ unmap, answer, size }) => {
    const { door, container } = withMapping();
    const result = door.unmapDma(anUnmap(unmap));
    expect([statusText(result.status), result.size]).toEqual([answer, size]);
    expect(container.mappingCount).toBe(answer === '0' && size > 0n ? 0 : 1);
    expect(container.refusedUnmapCalls).toBe(answer === '0' ? 0 : 1);
  });

  test('a range cut on the right removes nothing on the left either', () => {
    const { door, container } = withMapping();
    door.mapDma(aMap({ iova: 0x104000n, size: 0x4000n }));
    expect(statusText(door.unmapDma(anUnmap({ size: 0x6000n })).status)).toBe('-EINVAL');
    expect(container.mappingCount).toBe(2);
  });
});

describe('type1 v1 removes mappings whole', () => {
  test.each([
    { name: 'the head', unmap: {}, size: 0x4000n },
    { name: 'the middle stops the walk', unmap: { iova: 0x101000n }, size: 0n },
    { name: 'from before into it', unmap: { iova: 0xff000n, size: 0x2000n }, size: 0x4000n },
    { name: 'everything by flag', unmap: { flags: UNMAP_ALL, iova: 0n, size: 0n }, size: 0x4000n },
  ])('$name', ({ unmap, size }) => {
    expect(withMapping('type1').door.unmapDma(anUnmap(unmap))).toMatchObject({ status: 0, size });
  });

  test('and has no dirty tracking', () => {
    expect(statusText(open('type1').door.dirtyPages({ flags: DIRTY_START }).status)).toBe('-EACCES');
  });
});

describe('dirty tracking of type1v2', () => {
  const bitmap = { pgsize: 0x1000n, size: 8n };

  test('reports every mapped page each time, and again while unmapping', () => {
    const { door } = withMapping();
    expect(door.dirtyPages({ flags: DIRTY_START }).status).toBe(0);
    expect(door.dirtyPages({ flags: DIRTY_START }).status).toBe(0);
    const get = { flags: DIRTY_GET_BITMAP, iova: 0xff000n, size: 0x10000n, bitmap };
    const dirty = [{ start: 0x100000n, last: 0x103fffn }];
    expect(door.dirtyPages(get)).toEqual({ status: 0, dirty });
    expect(door.dirtyPages(get)).toEqual({ status: 0, dirty });
    const unmap = anUnmap({ flags: UNMAP_GET_DIRTY_BITMAP, size: 0x4000n, bitmap });
    expect(door.unmapDma(unmap)).toEqual({ status: 0, size: 0x4000n, dirty });
    expect(door.dirtyPages({ flags: DIRTY_STOP }).status).toBe(0);
    expect(statusText(door.dirtyPages(get).status)).toBe('-EINVAL');
  });

  test.each([
    { name: 'no flag', request: { flags: 0 }, answer: '-EINVAL' },
    { name: 'two flags', request: { flags: DIRTY_START | DIRTY_STOP }, answer: '-EINVAL' },
    { name: 'an unknown flag', request: { flags: 8 }, answer: '-EINVAL' },
    { name: 'a struct too short', request: { argsz: 7 }, answer: '-EINVAL' },
    { name: 'a struct too short for a range', request: { argsz: 47 }, answer: '-EINVAL' },
    { name: 'size 0', request: { size: 0n }, answer: '-EINVAL' },
    { name: 'a wrap', request: { iova: LAST - 0xfffn, size: 0x2000n }, answer: '-EOVERFLOW' },
    { name: 'a bitmap too small', request: { bitmap: { ...bitmap, size: 0n } }, answer: '-EINVAL' },
    { name: 'a bitmap too large', request: { bitmap: { ...bitmap, size: (1n << 28n) + 1n } }, answer: '-EINVAL' },
    { name: 'another page size', request: { bitmap: { ...bitmap, pgsize: 0x2000n } }, answer: '-EINVAL' },
    { name: 'no page size', request: { bitmap: { ...bitmap, pgsize: 0n } }, answer: '-EINVAL' },
    { name: 'a misaligned range', request: { iova: 0xff800n }, answer: '-EINVAL' },
    { name: 'a range that cuts a mapping', request: { iova: 0x101000n }, answer: '-EINVAL' },
    { name: 'a hole', request: { iova: 0x200000n }, answer: '0' },
  ])('$name: $answer', ({ request, answer }) => {
    const { door } = withMapping();
    door.dirtyPages({ flags: DIRTY_START });
    const get = { flags: DIRTY_GET_BITMAP, iova: 0x100000n, size: 0x4000n, bitmap };
    expect(statusText(door.dirtyPages({ ...get, ...request }).status)).toBe(answer);
  });

  test.each([
    { name: 'with ALL', unmap: { flags: UNMAP_GET_DIRTY_BITMAP | UNMAP_ALL, iova: 0n, size: 0n } },
    { name: 'with VADDR', unmap: { flags: UNMAP_GET_DIRTY_BITMAP | UNMAP_VADDR } },
    { name: 'without a bitmap', unmap: {} },
    { name: 'without tracking', unmap: { bitmap } },
  ])('an unmap that asks for dirty pages $name is refused', ({ unmap }) => {
    const { door, container } = withMapping();
    const asked = anUnmap({ flags: UNMAP_GET_DIRTY_BITMAP, size: 0x4000n, ...unmap });
    expect(statusText(door.unmapDma(asked).status)).toBe('-EINVAL');
    expect(container.mappingCount).toBe(1);
  });
});

describe('VADDR flags of type1v2', () => {
  test('an address is invalidated, DMA goes on, the exact range gets a new one', () => {
    const { door, container, memory } = withMapping();
    container.dmaWrite(0x100000n, 0xa1);
    expect(door.unmapDma(anUnmap({ flags: UNMAP_VADDR, size: 0x4000n }))).toMatchObject({ status: 0, size: 0x4000n });
    expect(container.dmaRead(0x100000n)).toEqual({ status: 0, value: 0xa1 });
    const restore = aMap({ flags: MAP_VADDR, vaddr: 0x8000n, size: 0x4000n });
    expect(statusText(door.mapDma({ ...restore, size: 0x2000n }))).toBe('-EINVAL');
    expect(statusText(door.mapDma({ ...restore, iova: 0x900000n }))).toBe('-ENOENT');
    expect(door.mapDma(restore)).toBe(0);
    expect(statusText(door.mapDma(restore))).toBe('-EINVAL');
    expect([container.mappingCount, memory.frames.pinCount]).toEqual([1, 4]);
  });

  test('a range with one invalid already is refused and marks none', () => {
    const { door } = withMapping();
    door.mapDma(aMap({ iova: 0x104000n }));
    door.unmapDma(anUnmap({ flags: UNMAP_VADDR, iova: 0x104000n }));
    const both = anUnmap({ flags: UNMAP_VADDR, size: 0x5000n });
    expect(statusText(door.unmapDma(both).status)).toBe('-EINVAL');
    expect(door.unmapDma(anUnmap({ flags: UNMAP_VADDR, size: 0x4000n })).status).toBe(0);
  });
});

describe('GET_INFO', () => {
  test('of type1v2 chains migration, entries left and IOVA ranges', () => {
    const { door } = withMapping();
    const info = door.getInfo(1024);
    expect(info).toMatchObject({ status: 0, flags: 3, pageSizes: 0x40201000n, capOffset: 24 });
    expect(info.capabilities).toEqual([
      { id: 2, offset: 24, pageSizes: 0x1000n, maxBitmapBytes: 268435456n },
      { id: 3, offset: 56, available: 65534 },
      { id: 1, offset: 72, ranges: VTD_48.ranges },
    ]);
  });

  test('with too little room names what is needed', () => {
    const { door } = open();
    expect(door.getInfo(24)).toMatchObject({ status: 0, argsz: 120, capOffset: 0, capabilities: [] });
    expect(statusText(door.getInfo(15).status)).toBe('-EINVAL');
  });

  test('of compat has no migration and no limit', () => {
    const { door } = open('iommufd-compat-v2');
    expect(door.getInfo(1024).capabilities).toEqual([
      { id: 3, offset: 24, available: 4294967295 },
      { id: 1, offset: 40, ranges: VTD_48.ranges },
    ]);
    expect(open('iommufd-compat-v1').door.getInfo(1024).pageSizes).toBe(0x1000n);
  });

  test.each([
    { backend: 'type1v2' as const, known: [1, 3, 9, 10] },
    { backend: 'iommufd-compat-v2' as const, known: [1, 3, 9] },
  ])('$backend has extensions $known', ({ backend, known }) => {
    const { door } = open(backend);
    const all = Array.from({ length: 12 }, (_, id) => id);
    expect(all.filter((id) => id !== 4 && door.checkExtension(id) === 1)).toEqual(known);
  });
});

describe('the compat ioctls', () => {
  test.each([
    { name: 'no rights, free place', map: { flags: 0 }, answer: '-EINVAL' },
    { name: 'no rights over a mapping', map: { flags: 0, iova: 0x102000n }, answer: '-EEXIST' },
    { name: 'no rights on bad memory', map: { flags: 0, iova: 0x200000n, vaddr: 700n << 12n }, answer: '-EFAULT' },
    { name: 'VADDR', map: { flags: MAP_VADDR }, answer: '-EINVAL' },
    { name: 'reserved before overlap', map: { iova: 0xfedff000n, size: 0x2000n }, answer: '-EINVAL' },
    { name: 'overlap before a misaligned address', map: { iova: 0x100000n, vaddr: 1n }, answer: '-EEXIST' },
  ])('$name: $answer', ({ map, answer }) => {
    const { door, memory } = withMapping('iommufd-compat-v2');
    door.mapDma(aMap({ iova: 0xfedff000n }));
    expect(statusText(door.mapDma(aMap({ iova: 0x300000n, ...map })))).toBe(answer);
    expect(memory.frames.pinCount).toBe(5);
  });

  test('an unmap cut on the way says how much went', () => {
    const { door } = withMapping('iommufd-compat-v2');
    door.mapDma(aMap({ iova: 0x104000n, size: 0x4000n }));
    const result = door.unmapDma(anUnmap({ size: 0x6000n }));
    expect([statusText(result.status), result.size]).toEqual(['-ENOENT', 0x4000n]);
    expect(door.unmapDma(anUnmap())).toMatchObject({ status: 0, size: 0n });
    expect(statusText(door.dirtyPages({ flags: DIRTY_START }).status)).toBe('-ENOTTY');
  });

  test('v1 cuts a mapping where the range ends', () => {
    const { door, container } = withMapping('iommufd-compat-v1');
    expect(door.unmapDma(anUnmap({ iova: 0x101000n }))).toMatchObject({ status: 0, size: 0x1000n });
    expect([container.mappingCount, container.isMapped(0x101), container.isMapped(0x102)]).toEqual([2, false, true]);
    expect(statusText(door.unmapDma(anUnmap({ iova: 0x102800n })).status)).toBe('-EINVAL');
  });
});
