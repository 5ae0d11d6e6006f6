// SPDX-License-Identifier: MIT
import { statusText } from '@sda-lab/guest-memory';
import {
  type BackendId,
  type ContainerOptions,
  createContainer,
  DIRTY_BITMAP_NO_CLEAR,
  DIRTY_TRACKING_ENABLE,
  FIXED_IOVA,
  type IoasMap,
  type IommuContainer,
  type IommufdDoor,
  MOCK_DOMAIN,
  OPTION_HUGE_PAGES,
  READABLE,
  VTD_48,
  WRITEABLE,
} from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { TestMemory } from './support/test-memory.ts';

const LAST = (1n << 64n) - 1n;
const RW = READABLE | WRITEABLE;
const BAD_PAGE = 700n << 12n;

interface Setup {
  readonly container: IommuContainer;
  readonly door: IommufdDoor;
  readonly memory: TestMemory;
}

function open(backend: BackendId = 'iommufd', options: Partial<ContainerOptions> = {}): Setup {
  const memory = (options.memory as TestMemory | undefined) ?? new TestMemory(1024, [700]);
  const container = createContainer(backend, { memory, ...options });
  if (container.ioctl.kind !== 'iommufd') throw new Error('not an iommufd door');
  return { container, door: container.ioctl, memory };
}

const aMap = (map: Partial<IoasMap> = {}): IoasMap => ({
  flags: RW | FIXED_IOVA,
  userVa: 0n,
  iova: 0x100000n,
  length: 0x1000n,
  ...map,
});

const BACKENDS = ['iommufd', 'iommufd-mock-domain', 'iommufd-ioas'] as const;
/** An IOVA every one of them can map. */
const IOVA = 0x2000000n;

describe('IOAS_MAP', () => {
  test.each([
    { name: 'an unknown flag', map: { flags: RW | 8 }, answer: '-EOPNOTSUPP' },
    { name: 'a reserved field', map: { reserved: 1 }, answer: '-EOPNOTSUPP' },
    { name: 'an IOVA of 2^64 - 1', map: { iova: LAST }, answer: '-EOVERFLOW' },
    { name: 'that IOVA even when the kernel chooses', map: { flags: RW, iova: LAST }, answer: '-EOVERFLOW' },
    { name: 'a length of 2^64 - 1', map: { length: LAST }, answer: '-EOVERFLOW' },
    { name: 'no rights', map: { flags: FIXED_IOVA }, answer: '-EINVAL' },
    { name: 'an address range that ends at 2^64', map: { userVa: LAST - 0xfffn }, answer: '-EOVERFLOW' },
    { name: 'length 0', map: { length: 0n }, answer: '-EINVAL' },
    { name: 'a misaligned length', map: { length: 0x800n }, answer: '-EINVAL' },
    { name: 'a misaligned IOVA', map: { iova: 0x100800n }, answer: '-EINVAL' },
    { name: 'a misaligned address', map: { userVa: 1n }, answer: '-EINVAL' },
    { name: 'an IOVA that wraps', map: { iova: LAST - 0xfffn, length: 0x2000n }, answer: '-EOVERFLOW' },
    { name: 'the MSI window', map: { iova: 0xfee00000n }, answer: '-EINVAL' },
    { name: 'behind the aperture', map: { iova: 1n << 48n }, answer: '-EINVAL' },
    { name: 'memory that is not there', map: { userVa: 0x7000_0000_0000n }, answer: '-EFAULT' },
    { name: 'memory partly there', map: { userVa: BAD_PAGE - 0x1000n, length: 0x3000n }, answer: '-EFAULT' },
    { name: 'one page', map: {}, answer: '0' },
  ])('$name: $answer', ({ map, answer }) => {
    const { door, container, memory } = open();
    const result = door.ioasMap(aMap(map));
    expect(statusText(result.status)).toBe(answer);
    expect(result.iova).toBe(aMap(map).iova);
    expect([container.mappingCount, memory.frames.pinCount]).toEqual(answer === '0' ? [1, 1] : [0, 0]);
  });

  test.each([
    { name: 'reserved before overlap', map: { iova: 0xfedff000n, length: 0x2000n }, answer: '-EINVAL' },
    { name: 'overlap before a misaligned address', map: { userVa: 1n }, answer: '-EEXIST' },
    { name: 'a misaligned IOVA before overlap', map: { iova: 0x100800n }, answer: '-EINVAL' },
  ])('$name', ({ map, answer }) => {
    const { door } = open();
    door.ioasMap(aMap());
    door.ioasMap(aMap({ iova: 0xfedff000n }));
    expect(statusText(door.ioasMap(aMap(map)).status)).toBe(answer);
  });

  test.each([
    { name: 'all pages good', userVa: 0n, length: 0x3000n, capIpcLock: false, answer: '-ENOMEM' },
    { name: 'a bad page behind more than the limit', userVa: BAD_PAGE - 0x3000n, length: 0x4000n, capIpcLock: false, answer: '-EFAULT' },
    { name: 'with CAP_IPC_LOCK', userVa: 0n, length: 0x3000n, capIpcLock: true, answer: '0' },
  ])('a limit of 2 pages, $name: $answer', ({ userVa, length, capIpcLock, answer }) => {
    const { door, container } = open('iommufd', { memlock: { limitPages: 2, capIpcLock } });
    expect(statusText(door.ioasMap(aMap({ userVa, length })).status)).toBe(answer);
    expect(container.account.pinnedVm).toBe(answer === '0' ? 3 : 0);
  });

  test('pages mapped with CAP_IPC_LOCK do not use up the limit of others', () => {
    const { door, container } = open('iommufd', { memlock: { limitPages: 2, capIpcLock: true } });
    door.ioasMap(aMap({ length: 0x8000n }));
    container.account.capIpcLock = false;
    expect(door.ioasMap(aMap({ iova: 0x200000n, length: 0x2000n })).status).toBe(0);
    expect(container.account).toMatchObject({ pinnedVm: 10, userLockedVm: 2 });
    door.ioasUnmap(0x100000n, 0x8000n);
    expect(container.account).toMatchObject({ pinnedVm: 2, userLockedVm: 2 });
  });
});

describe('half pages in the mock domain', () => {
  test('are mapped, counted as whole pages, and lead to their own bytes', () => {
    const { door, container } = open('iommufd-mock-domain');
    expect(door.ioasMap(aMap({ iova: IOVA, userVa: 0x800n, length: 0x1000n })).status).toBe(0);
    expect(container.account.pinnedVm).toBe(2);
    expect(container.reach(IOVA)).toMatchObject({ offset: 0x800 });
    expect(container.reach(IOVA + 0x800n)).toMatchObject({ offset: 0 });
    expect(container.reach(IOVA)!.frame).not.toBe(container.reach(IOVA + 0x800n)!.frame);
    expect(statusText(door.ioasMap(aMap({ iova: IOVA + 0x1400n, length: 0x800n })).status)).toBe('-EINVAL');
  });
});

describe('IOAS_UNMAP', () => {
  test.each(BACKENDS)('%s: areas before the one cut are gone, the struct says nothing', (backend) => {
    const { door, container } = open(backend);
    door.ioasMap(aMap({ iova: IOVA, length: 0x10000n }));
    door.ioasMap(aMap({ iova: IOVA + 0x10000n, length: 0x10000n }));
    expect(statusText(door.ioasUnmap(IOVA + 0x8000n, 0x18000n).status)).toBe('-ENOENT');
    expect(container.mappingCount).toBe(2);
    const cut = door.ioasUnmap(IOVA, 0x18000n);
    expect([statusText(cut.status), cut.length]).toEqual(['-ENOENT', 0x18000n]);
    expect([container.mappingCount, container.unmappedPages]).toEqual([1, 16]);
  });

  test.each(BACKENDS)('%s: limits and holes', (backend) => {
    const { door } = open(backend);
    const answer = (iova: bigint, length: bigint): [string, bigint] => {
      const { status, length: after } = door.ioasUnmap(iova, length);
      return [statusText(status), after];
    };
    expect(answer(0n, LAST)).toEqual(['0', 0n]);
    door.ioasMap(aMap({ iova: IOVA, length: 0x2000n }));
    expect(answer(0x1000n, LAST)).toEqual(['-EOVERFLOW', LAST]);
    expect(answer(LAST, 1n)).toEqual(['-EOVERFLOW', 1n]);
    expect(answer(LAST - 1n, 3n)).toEqual(['-EOVERFLOW', 3n]);
    expect(answer(IOVA, 0n)).toEqual(['-EINVAL', 0n]);
    expect(answer(0x100000n, 0x1000n)).toEqual(['-ENOENT', 0x1000n]);
    expect(answer(IOVA - 1n, 0x2001n)).toEqual(['0', 0x2000n]);
    door.ioasMap(aMap({ iova: IOVA, length: 0x2000n }));
    expect(answer(IOVA, 0x1801n)).toEqual(['-ENOENT', 0x1801n]);
    expect(answer(0n, LAST)).toEqual(['0', 0x2000n]);
  });
});

describe('IOVAs the kernel chooses', () => {
  test.each([
    { name: 'are as aligned as the length', userVa: 0n, length: 0x3000n, iova: 0x4000n },
    { name: 'are as aligned as the address allows', userVa: 0x1000n, length: 0x4000n, iova: 0x2000n },
    { name: 'are 2 MiB aligned at most', userVa: 0n, length: 0x400000n, iova: 0x200000n },
  ])('$name', ({ userVa, length, iova }) => {
    const { door } = open('iommufd', { memory: new TestMemory(1024) });
    door.ioasMap(aMap({ iova: 0x1000n }));
    expect(door.ioasMap(aMap({ flags: RW, userVa, length, iova: 0x777000n }))).toEqual({ status: 0, iova });
  });

  test('keep the offset in the page', () => {
    const { door } = open('iommufd-mock-domain');
    const map = aMap({ flags: RW, userVa: 0x2800n, length: 0x800n });
    expect(door.ioasMap(map)).toEqual({ status: 0, iova: 0x1000800n });
    expect(door.ioasMap(map)).toEqual({ status: 0, iova: 0x1001800n });
    expect(door.ioasMap({ ...map, userVa: 0x2000n })).toEqual({ status: 0, iova: 0x1000000n });
  });

  test('have any offset in a bare IOAS', () => {
    const { door } = open('iommufd-ioas');
    const map = aMap({ flags: RW, userVa: 7n, length: 0x123n });
    expect(door.ioasMap(map)).toEqual({ status: 0, iova: 0x1007n });
    expect(door.ioasMap(map)).toEqual({ status: 0, iova: 0x112fn });
  });

  test('run out, and never reach half of the address space', () => {
    const { door } = open('iommufd-mock-domain');
    const answer = (length: bigint): string => statusText(door.ioasMap(aMap({ flags: RW, userVa: 1n << 40n, length })).status);
    expect(answer(0x80000000n)).toBe('-ENOSPC');
    expect(answer(1n << 63n)).toBe('-EOVERFLOW');
    expect(answer(0x400n)).toBe('-EINVAL');
  });

  test('stay in allowed ranges, fixed ones need not', () => {
    const { door } = open();
    expect(door.allowIovas([{ start: 0x800000n, last: 0x8fffffn }])).toBe(0);
    expect(door.ioasMap(aMap({ flags: RW }))).toEqual({ status: 0, iova: 0x800000n });
    expect(statusText(door.ioasMap(aMap({ flags: RW, length: 0x100000n })).status)).toBe('-ENOSPC');
    expect(door.ioasMap(aMap()).status).toBe(0);
    expect(door.allowIovas([])).toBe(0);
    expect(door.ioasMap(aMap({ flags: RW })).iova).toBe(0x1000n);
  });
});

describe('ALLOW_IOVAS and IOVA_RANGES', () => {
  test.each([
    { name: 'an empty range', ranges: [{ start: 5n, last: 5n }], answer: '-EINVAL' },
    { name: 'ranges that overlap', ranges: [{ start: 0n, last: 9n }, { start: 9n, last: 12n }], answer: '-EINVAL' },
    { name: 'ranges that adjoin', ranges: [{ start: 10n, last: 12n }, { start: 0n, last: 9n }], answer: '0' },
    { name: 'a reserved address', ranges: [{ start: 0n, last: 0xfee00000n }], answer: '-EADDRINUSE' },
  ])('$name: $answer', ({ ranges, answer }) => {
    expect(statusText(open().door.allowIovas(ranges))).toBe(answer);
  });

  test.each([
    { backend: 'iommufd' as const, ranges: VTD_48.ranges, alignment: 4096n },
    { backend: 'iommufd-mock-domain' as const, ranges: MOCK_DOMAIN.ranges, alignment: 2048n },
    { backend: 'iommufd-ioas' as const, ranges: [{ start: 0n, last: LAST }], alignment: 1n },
  ])('$backend reports its ranges and alignment $alignment', ({ backend, ranges, alignment }) => {
    const { door } = open(backend);
    expect(door.iovaRanges(8)).toEqual({ status: 0, count: ranges.length, ranges, alignment });
    expect(statusText(door.iovaRanges(0).status)).toBe('-EMSGSIZE');
    expect(statusText(door.iovaRanges(8, 1).status)).toBe('-EOPNOTSUPP');
    expect(statusText(door.allowIovas([], 1))).toBe('-EOPNOTSUPP');
  });
});

describe('IOAS_MAP_FILE', () => {
  const file = { flags: RW | FIXED_IOVA, fd: 3, start: 0x2000n, iova: IOVA, length: 0x1000n };

  test.each([
    { name: 'a page of a memfd', map: {}, answer: '0', bare: '0' },
    { name: 'a closed file', map: { fd: 9 }, answer: '-EBADF', bare: '-EBADF' },
    { name: 'a range behind the end', map: { start: 1024n << 12n }, answer: '-EINVAL', bare: '0' },
    { name: 'length 0', map: { length: 0n }, answer: '-EINVAL', bare: '-EINVAL' },
    { name: 'a range that wraps', map: { start: LAST - 0xffen }, answer: '-EOVERFLOW', bare: '-EOVERFLOW' },
    { name: 'no rights', map: { flags: FIXED_IOVA }, answer: '-EINVAL', bare: '-EINVAL' },
  ])('$name: $answer, without a device $bare', ({ map, answer, bare }) => {
    expect(statusText(open().door.ioasMapFile({ ...file, ...map }).status)).toBe(answer);
    expect(statusText(open('iommufd-ioas').door.ioasMapFile({ ...file, ...map }).status)).toBe(bare);
  });

  test('pins the page of the file', () => {
    const { door, container, memory } = open();
    door.ioasMapFile(file);
    expect(container.translate(Number(IOVA >> 12n))).toBe(memory.peekPage(2));
  });
});

describe.each(['iommufd', 'iommufd-mock-domain'] as const)('IOAS_COPY in %s', (backend) => {
  const copy = { flags: RW | FIXED_IOVA, length: 0x2000n, srcIova: IOVA + 0x1000n, dstIova: IOVA + 0x100000n };

  function mapped(): Setup {
    const setup = open(backend);
    setup.door.ioasMap(aMap({ iova: IOVA, length: 0x2000n }));
    setup.door.ioasMap(aMap({ iova: IOVA + 0x2000n, userVa: 0x10000n, length: 0x2000n }));
    return setup;
  }

  test('shares pages: one area per source area, no new pin, old frames', () => {
    const { door, container, memory } = mapped();
    memory.punch(1);
    expect(door.ioasCopy({ ...copy, source: door }).status).toBe(0);
    expect([container.mappingCount, memory.frames.pinCount, container.account.pinnedVm]).toEqual([4, 4, 4]);
    const [first, second] = [copy.dstIova, copy.dstIova + 0x1000n].map((iova) => container.translate(Number(iova >> 12n)));
    expect(first).toBe(container.translate(Number(copy.srcIova >> 12n)));
    expect(second).toBe(memory.peekPage(16));
    door.ioasUnmap(IOVA, 0x4000n);
    expect([memory.frames.pinCount, container.account.pinnedVm]).toEqual([2, 2]);
    container.close();
    expect([memory.frames.pinCount, memory.frames.orphanCount, container.account.pinnedVm]).toEqual([0, 0, 0]);
  });

  test.each([
    { name: 'a hole in the source', change: { srcIova: IOVA + 0x3000n }, answer: '-ENOENT' },
    { name: 'length 0', change: { length: 0n }, answer: '-EINVAL' },
    { name: 'an occupied destination', change: { dstIova: IOVA }, answer: '-EEXIST' },
    { name: 'a length of 2^64 - 1', change: { length: LAST }, answer: '-EOVERFLOW' },
    { name: 'no rights', change: { flags: FIXED_IOVA }, answer: '-EINVAL' },
    { name: 'an unknown flag', change: { flags: 64 }, answer: '-EOPNOTSUPP' },
  ])('$name: $answer', ({ change, answer }) => {
    const { door, container, memory } = mapped();
    expect(statusText(door.ioasCopy({ ...copy, source: door, ...change }).status)).toBe(answer);
    expect([container.mappingCount, memory.frames.pinCount]).toEqual([2, 4]);
  });

  test('into another IOAS keeps the pin when the source goes', () => {
    const { door, memory, container } = mapped();
    const other = open(backend, { memory, account: container.account });
    expect(other.door.ioasCopy({ ...copy, flags: READABLE, source: door }).status).toBe(0);
    container.close();
    expect(memory.frames.pinCount).toBe(2);
    other.container.close();
    expect([memory.frames.pinCount, container.account.pinnedVm]).toEqual([0, 0]);
  });

  test('of read-only pages grants no writes', () => {
    const { door } = open(backend);
    door.ioasMap(aMap({ flags: READABLE | FIXED_IOVA, iova: IOVA, length: 0x4000n }));
    expect(statusText(door.ioasCopy({ ...copy, source: door }).status)).toBe('-EPERM');
    expect(door.ioasCopy({ ...copy, flags: READABLE | FIXED_IOVA, source: door }).status).toBe(0);
  });
});

describe('a device that comes later', () => {
  test('pins what was mapped, and learns of bad memory only then', () => {
    const { door, container, memory } = open('iommufd-ioas');
    door.ioasMap(aMap({ length: 0x2000n }));
    expect([memory.frames.pinCount, container.translate(0x100)]).toEqual([0, 0]);
    expect(door.attachDevice(VTD_48)).toBe(0);
    expect([memory.frames.pinCount, container.account.pinnedVm]).toEqual([2, 2]);
    expect(container.translate(0x100)).toBe(memory.peekPage(0));
    expect(statusText(door.ioasMap(aMap({ iova: 0x900001n })).status)).toBe('-EINVAL');
    door.detachDevice();
    expect([memory.frames.pinCount, container.mappingCount, door.iovaRanges(4).alignment]).toEqual([0, 1, 1n]);
  });

  test.each([
    { name: 'bad memory', map: { userVa: BAD_PAGE }, answer: '-EFAULT' },
    { name: 'a misaligned area', map: { userVa: 1n }, answer: '-EADDRINUSE' },
    { name: 'an area in the MSI window', map: { iova: 0xfee00000n }, answer: '-EADDRINUSE' },
  ])('is refused for $name and nothing changes: $answer', ({ map, answer }) => {
    const { door, container, memory } = open('iommufd-ioas');
    door.ioasMap(aMap({ iova: 0x50000n }));
    door.ioasMap(aMap(map));
    expect(statusText(door.attachDevice(VTD_48))).toBe(answer);
    expect([memory.frames.pinCount, container.account.pinnedVm, container.mappingCount]).toEqual([0, 0, 2]);
    expect(door.iovaRanges(4).ranges).toEqual([{ start: 0n, last: LAST }]);
  });

  test('is refused for allowed ranges it reserves, and for pages above 4 KiB', () => {
    const { door } = open('iommufd-ioas');
    expect(statusText(door.attachDevice({ ...VTD_48, pageSizes: 0x10000n }))).toBe('-EINVAL');
    door.allowIovas([{ start: 0xfee00000n, last: 0xfeefffffn }]);
    expect(statusText(door.attachDevice(VTD_48))).toBe('-EADDRINUSE');
  });
});

describe('OPTION and dirty tracking', () => {
  test('large pages go off only while nothing is mapped for a device', () => {
    const { door } = open();
    const set = (value: bigint): string => statusText(door.option({ op: 'set', option: OPTION_HUGE_PAGES, value }).status);
    expect(door.option({ op: 'get', option: OPTION_HUGE_PAGES })).toEqual({ status: 0, value: 1n });
    expect([set(0n), set(1n), set(2n)]).toEqual(['0', '0', '-EINVAL']);
    door.ioasMap(aMap());
    expect([set(0n), set(1n)]).toEqual(['-EINVAL', '0']);
    expect(statusText(door.option({ op: 'get', option: 9 }).status)).toBe('-EOPNOTSUPP');
  });

  test('large pages off raise the alignment of a bare IOAS', () => {
    const { door } = open('iommufd-ioas');
    door.ioasMap(aMap({ userVa: 5n, length: 3n }));
    const off = { op: 'set', option: OPTION_HUGE_PAGES, value: 0n } as const;
    expect(statusText(door.option(off).status)).toBe('-EADDRINUSE');
    door.ioasUnmap(0n, LAST);
    expect(door.option(off).status).toBe(0);
    expect(door.iovaRanges(1).alignment).toBe(4096n);
  });

  test('what a device wrote is reported once, unless asked to stay', () => {
    const { door, container } = open();
    door.ioasMap(aMap({ length: 0x4000n }));
    container.dmaWrite(0x100000n, 1);
    expect(door.setDirtyTracking(DIRTY_TRACKING_ENABLE)).toBe(0);
    container.dmaWrite(0x101008n, 1);
    container.dmaWrite(0x102000n, 1);
    const get = { flags: 0, iova: 0x100000n, length: 0x4000n, pageSize: 0x1000n };
    const dirty = [{ start: 0x101000n, last: 0x102fffn }];
    expect(door.getDirtyBitmap({ ...get, flags: DIRTY_BITMAP_NO_CLEAR })).toEqual({ status: 0, dirty });
    expect(door.getDirtyBitmap(get)).toEqual({ status: 0, dirty });
    expect(door.getDirtyBitmap(get)).toEqual({ status: 0, dirty: [] });
  });

  test('a 2 MiB leaf is dirty as a whole, holes are not an error', () => {
    const { door, container } = open('iommufd', { memory: new TestMemory(1024) });
    door.ioasMap(aMap({ iova: 0x200000n, length: 0x200000n }));
    door.setDirtyTracking(DIRTY_TRACKING_ENABLE);
    container.dmaWrite(0x234000n, 1);
    const get = { flags: 0, iova: 0n, length: 0x800000n, pageSize: 0x1000n };
    expect(door.getDirtyBitmap(get)).toEqual({ status: 0, dirty: [{ start: 0x200000n, last: 0x3fffffn }] });
  });

  test.each([
    { name: 'an unknown flag', change: { flags: 2 }, answer: '-EOPNOTSUPP' },
    { name: 'a wrap', change: { iova: LAST - 0xfffn, length: 0x2000n }, answer: '-EOVERFLOW' },
    { name: 'length 0', change: { length: 0n }, answer: '-EOVERFLOW' },
    { name: 'page size 0', change: { pageSize: 0n }, answer: '-EINVAL' },
    { name: 'a misaligned IOVA', change: { iova: 0x100800n }, answer: '-EINVAL' },
    { name: 'a page size that does not divide', change: { pageSize: 0x200000n }, answer: '-EINVAL' },
  ])('a dirty bitmap with $name: $answer', ({ change, answer }) => {
    const get = { flags: 0, iova: 0x100000n, length: 0x1000n, pageSize: 0x1000n };
    expect(statusText(open().door.getDirtyBitmap({ ...get, ...change }).status)).toBe(answer);
  });

  test('there is nothing to track without a device', () => {
    const { door } = open('iommufd-ioas');
    expect(statusText(door.setDirtyTracking(DIRTY_TRACKING_ENABLE))).toBe('-ENOENT');
    expect(statusText(open().door.setDirtyTracking(2))).toBe('-EOPNOTSUPP');
  });
});
