// SPDX-License-Identifier: MIT
import { statusText } from '@sda-lab/guest-memory';
import {
  type BackendId,
  createContainer,
  type FolioShape,
  type IommuContainer,
  MEMFD,
  type MemoryKind,
  ProcessMemory,
  readWord,
  REGION_ADDRESS,
  writeWord,
} from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';

const FIRST = Number(REGION_ADDRESS >> 12n);
const BYTES = 0x400000;
const U64 = (1n << 64n) - 1n;

interface Setup {
  readonly memory: ProcessMemory;
  readonly container: IommuContainer;
}

/** Page 5 holds 0xa1 and is mapped for a device. */
function setUp(kind: MemoryKind, folio?: FolioShape, backend: BackendId = 'type1v2'): Setup {
  const memory = new ProcessMemory(true);
  memory.replace(kind, BYTES, folio);
  const container = createContainer(backend, { memory });
  writeWord(memory, REGION_ADDRESS + 0x5000n, 0xa1n);
  expect(container.mapPages(5, FIRST + 5, 1, 1, true)).toBe(0);
  return { memory, container };
}

const HUGE: FolioShape = { pages: 512, isHugetlb: false };
const HUGETLB: FolioShape = { pages: 512, isHugetlb: true };

describe('what a discard does to a pinned page', () => {
  test.each<{
    name: string;
    kind: MemoryKind;
    folio?: FolioShape;
    discard: (memory: ProcessMemory) => number;
    device: 'stale' | 'correct';
    reads: bigint;
    orphans: number;
  }>([
    { name: 'MADV_DONTNEED, anonymous', kind: 'anon', discard: (m) => m.advise(0x5000n, 0x1000n, 'dontneed'), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'MADV_DONTNEED, shared file', kind: 'shared', discard: (m) => m.advise(0x5000n, 0x1000n, 'dontneed'), device: 'correct', reads: 0xa1n, orphans: 0 },
    { name: 'MADV_REMOVE, shared file', kind: 'shared', discard: (m) => m.advise(0x5000n, 0x1000n, 'remove'), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'a hole, single pages', kind: 'shared', discard: (m) => m.punch(0x5000n, 0x1000n), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'a hole in part of a page', kind: 'shared', discard: (m) => m.punch(0x5000n, 0x800n), device: 'correct', reads: 0n, orphans: 0 },
    { name: 'a hole in private memory already copied', kind: 'private', discard: (m) => m.punch(0x5000n, 0x1000n), device: 'correct', reads: 0xa1n, orphans: 0 },
    { name: 'MADV_DONTNEED, private file', kind: 'private', discard: (m) => m.advise(0x5000n, 0x1000n, 'dontneed'), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'a hole over a whole huge page', kind: 'shared', folio: HUGE, discard: (m) => m.punch(0n, 0x200000n), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'a hole in part of a pinned huge page', kind: 'shared', folio: HUGE, discard: (m) => m.punch(0x5000n, 0x1000n), device: 'correct', reads: 0n, orphans: 0 },
    { name: 'a hole over a whole hugetlb page', kind: 'shared', folio: HUGETLB, discard: (m) => m.punch(0n, 0x200000n), device: 'stale', reads: 0n, orphans: 1 },
    { name: 'a hole in part of a hugetlb page', kind: 'shared', folio: HUGETLB, discard: (m) => m.punch(0x5000n, 0x1000n), device: 'correct', reads: 0n, orphans: 0 },
  ])('$name: the device is $device', ({ kind, folio, discard, device, reads, orphans }) => {
    const { memory, container } = setUp(kind, folio);
    const before = container.translate(5);
    expect(discard(memory)).toBe(0);
    expect(container.translate(5)).toBe(before);
    expect(memory.frames.orphanCount).toBe(orphans);
    expect(readWord(memory, REGION_ADDRESS + 0x5000n)).toBe(reads);
    expect(memory.entry(5) === container.translate(5)).toBe(device === 'correct');
    container.unmapPages(5, 1);
    expect(memory.frames.orphanCount).toBe(0);
  });

  test('a hole in part of an unpinned huge page splits it and frees its pages', () => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', BYTES, HUGE);
    writeWord(memory, REGION_ADDRESS, 1n);
    const live = memory.frames.liveCount;
    memory.punch(0x5000n, 0x2000n);
    expect(memory.frames.liveCount).toBe(live - 2);
  });

  test('a hole in part of a pinned huge page frees nothing of the rest either', () => {
    const { memory } = setUp('shared', HUGE);
    const live = memory.frames.liveCount;
    memory.punch(0x8000n, 0x10000n);
    expect(memory.frames.liveCount).toBe(live);
  });

  test('after a discard the process holds both frames until the unmap', () => {
    const { memory, container } = setUp('shared');
    const live = memory.frames.liveCount;
    memory.punch(0x5000n, 0x1000n);
    writeWord(memory, REGION_ADDRESS + 0x5000n, 0xb2n);
    expect(memory.frames.liveCount).toBe(live + 1);
    expect(container.account.lockedVm).toBe(1);
    container.unmapPages(5, 1);
    expect(memory.frames.liveCount).toBe(live);
  });

  test('a server that maps the memory itself sees the new page', () => {
    const { memory, container } = setUp('shared', undefined, 'vfio-user');
    memory.punch(0x5000n, 0x1000n);
    expect(container.translate(5)).toBe(0);
    expect(container.dmaRead(0x5000n)).toEqual({ status: 0, value: 0 });
    expect(container.translate(5)).toBe(memory.peekPage(FIRST + 5));
    expect(memory.frames.pinCount).toBe(0);
  });

  test('the region is replaced while a page is pinned', () => {
    const { memory, container } = setUp('shared');
    memory.replace('anon', BYTES);
    expect([memory.frames.orphanCount, memory.peekPage(FIRST + 5)]).toEqual([1, 0]);
    container.close();
    expect(memory.frames.orphanCount).toBe(0);
  });
});

describe('a discard is refused', () => {
  test.each<{ name: string; kind: MemoryKind; discard: (memory: ProcessMemory) => number; answer: string }>([
    { name: 'MADV_REMOVE of anonymous memory', kind: 'anon', discard: (m) => m.advise(0n, 0x1000n, 'remove'), answer: '-EINVAL' },
    { name: 'MADV_REMOVE of a private mapping', kind: 'private', discard: (m) => m.advise(0n, 0x1000n, 'remove'), answer: '-EACCES' },
    { name: 'a misaligned madvise', kind: 'shared', discard: (m) => m.advise(0x800n, 0x1000n, 'dontneed'), answer: '-EINVAL' },
    { name: 'a madvise behind the region', kind: 'shared', discard: (m) => m.advise(BigInt(BYTES), 0x1000n, 'dontneed'), answer: '-ENOMEM' },
    { name: 'a hole without a file', kind: 'anon', discard: (m) => m.punch(0n, 0x1000n), answer: '-EBADF' },
    { name: 'a hole of no size', kind: 'shared', discard: (m) => m.punch(0n, 0n), answer: '-EINVAL' },
    { name: 'an allocation of no size', kind: 'shared', discard: (m) => m.allocate(0n, 0n), answer: '-EINVAL' },
  ])('$name: $answer', ({ kind, discard, answer }) => {
    const memory = new ProcessMemory(true);
    memory.replace(kind, BYTES);
    expect(statusText(discard(memory))).toBe(answer);
  });

  test('behind the region only after the inside was advised', () => {
    const { memory } = setUp('anon');
    expect(statusText(memory.advise(0n, BigInt(BYTES) + 0x1000n, 'dontneed'))).toBe('-ENOMEM');
    expect(memory.entry(5)).toBe(0);
  });
});

describe('pins and faults', () => {
  test.each([
    { name: 'breaks copy-on-write first', breaks: true, device: 0x71 },
    { name: 'of an old kernel keeps the zero page', breaks: false, device: 0 },
  ])('a read pin of private memory $name', ({ breaks, device }) => {
    const memory = new ProcessMemory(breaks);
    memory.replace('anon', BYTES);
    const container = createContainer('type1v2', { memory });
    container.mapPages(5, FIRST + 5, 1, 1, false);
    writeWord(memory, REGION_ADDRESS + 0x5000n, 0x71n);
    const { frame, offset } = container.reach(0x5000n)!;
    expect(memory.bytes.read(frame, offset)).toBe(device);
    expect(container.account.lockedVm).toBe(breaks ? 1 : 0);
    container.close();
    expect([container.account.lockedVm, memory.frames.pinCount]).toEqual([0, 0]);
  });

  test('a map populates holes, and its failure leaves them populated', () => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', 0x4000);
    const container = createContainer('type1v2', { memory });
    expect(statusText(container.mapPages(0, FIRST + 2, 3, 3, true))).toBe('-EFAULT');
    expect([memory.entry(1), memory.frames.pinCount]).toEqual([0, 0]);
    expect(memory.entry(2)).not.toBe(0);
  });

  test('a read maps what the file caches in the 64 KiB around it', () => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', BYTES);
    for (const page of [3, 16]) writeWord(memory, REGION_ADDRESS + BigInt(page << 12), 1n);
    memory.allocate(0x4000n, 0x1000n);
    memory.advise(0n, BigInt(BYTES), 'dontneed');
    readWord(memory, REGION_ADDRESS);
    expect([0, 3, 4, 16].map((page) => memory.entry(page) !== 0)).toEqual([true, true, false, false]);
  });

  test.each([
    { name: 'at its start', offset: 0n, present: [false, false] },
    { name: 'behind its start', offset: 1n, present: [true, false] },
  ])('a hole in page 0 alone, $name, drops page table entries and no page', ({ offset, present }) => {
    const { memory, container } = setUp('shared');
    writeWord(memory, REGION_ADDRESS, 7n);
    memory.punch(offset, 0x800n);
    expect([memory.entry(0) !== 0, memory.entry(5) !== 0]).toEqual(present);
    expect(memory.faultForRead(FIRST + 5)).toBe(container.translate(5));
  });

  test('a page allocated twice counts as touched', () => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', BYTES);
    memory.allocate(0x3000n, 0x2000n);
    memory.allocate(0x4000n, 0x1000n);
    readWord(memory, REGION_ADDRESS);
    expect([memory.entry(3) !== 0, memory.entry(4) !== 0]).toEqual([false, true]);
  });

  test('a file page pinned by its descriptor is the one the mapping shows', () => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', BYTES);
    const frame = memory.pinFilePage(MEMFD, 7);
    expect(memory.entry(7)).toBe(0);
    expect(memory.faultForRead(FIRST + 7)).toBe(frame);
  });

  test.each(['iommufd', 'iommufd-mock-domain'] as const)(
    'a map of a file that reaches behind its end allocates nothing of it: %s',
    (backend) => {
      const memory = new ProcessMemory(true);
      memory.replace('shared', 0x4000);
      const door = createContainer(backend, { memory }).ioctl;
      if (door.kind !== 'iommufd') throw new Error('speaks iommufd');
      const map = { flags: 7, fd: MEMFD, start: 0x2000n, length: 0x3000n, iova: 0x1000000n };
      expect(statusText(door.ioasMapFile(map).status)).toBe('-EINVAL');
      expect(memory.peekPage(FIRST + 2)).toBe(0);
    },
  );

  test.each([
    { name: 'a hole', call: (m: ProcessMemory) => m.punch(1n << 63n, 0x1000n) },
    { name: 'a hole of negative length', call: (m: ProcessMemory) => m.punch(0n, 1n << 63n) },
    { name: 'an allocation', call: (m: ProcessMemory) => m.allocate(-0x1000n & U64, 0x1000n) },
    { name: 'advice that wraps', call: (m: ProcessMemory) => m.advise(0x1000n, U64 - REGION_ADDRESS, 'dontneed') },
    { name: 'advice of 2^64 bytes', call: (m: ProcessMemory) => m.advise(0n, U64, 'dontneed') },
  ])('offsets and lengths of files are signed, addresses end at 2^64: $name', ({ call }) => {
    const memory = new ProcessMemory(true);
    memory.replace('shared', BYTES);
    expect(statusText(call(memory))).toBe('-EINVAL');
  });
});
