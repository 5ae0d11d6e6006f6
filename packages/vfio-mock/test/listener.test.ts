// SPDX-License-Identifier: MIT
import { AssertionFailure, ERRNO } from '@sda-lab/guest-memory';
import { checkAdmission, ContainerListener, createContainer, WORLD_BACKEND_IDS } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { HOST_PAGE, ListenerBench } from './support/listener-bench.ts';

const RAM = HOST_PAGE;
const ROM = HOST_PAGE + 16 + 1024;

function attached(bench: ListenerBench): ListenerBench {
  expect(bench.attach()).toBe(0);
  bench.take();
  return bench;
}

describe('a device comes', () => {
  test('sections are added in ascending order: what a manager calls populated, a ROM whole and without write rights', () => {
    const bench = new ListenerBench();
    bench.populated.set(bench.ram, [{ first: 2, end: 10 }]);
    expect(bench.attach()).toBe(0);
    expect(bench.take()).toEqual([
      `map 34+2 from ${RAM + 2} rw`,
      `map 36+4 from ${RAM + 4} rw`,
      `map 48+2 from ${ROM} r`,
      `map 67+2 from ${RAM + 8} rw`,
    ]);
    expect(bench.listener.sections.map(({ name }) => name)).toEqual(['low', 'rom', 'high']);
    expect(new Set(bench.calls.map(({ context }) => context))).toEqual(new Set(['attach']));
  });

  test('it is refused while somebody forbids coordinated discards, and nothing is asked of the kernel', () => {
    const bench = new ListenerBench();
    bench.coordination.require(true);
    expect(bench.attach()).toBe(-ERRNO.EBUSY);
    expect([bench.take(), bench.listener.isAttached]).toEqual([[], false]);
  });

  test('the first refusal takes back what was mapped, in every section', () => {
    const bench = new ListenerBench();
    bench.populated.set(bench.ram, [{ first: 0, end: 16 }]);
    // Two granules of the low section, then the ROM.
    bench.door.refusedMaps.add(2);
    expect(bench.attach()).toBe(-ERRNO.ENOMEM);
    expect(bench.take().slice(2)).toEqual([`map 48+2 from ${ROM} r !`, 'unmap 32+8']);
    expect([bench.listener.isAttached, bench.coordination.uncoordinatedDisabled]).toEqual([false, 0]);
  });

  test.each([
    // 16 pages in granules of one page, and 10 memslots of which 2 are the managed sections.
    { limit: 24, admission: 'refuse' as const, status: 0, warned: false },
    { limit: 23, admission: 'refuse' as const, status: -ERRNO.ENOSPC, warned: false },
    { limit: 23, admission: 'warn' as const, status: 0, warned: true },
    { limit: 23, admission: 'off' as const, status: 0, warned: false },
  ])('a limit of $limit with admission $admission: $status', ({ limit, admission, status, warned }) => {
    const bench = new ListenerBench({ profile: { admission }, dmaMaxMappings: limit });
    expect(bench.attach()).toBe(status);
    expect([bench.listener.warnedOfLimit, bench.listener.isAttached]).toEqual([warned, status === 0]);
  });

  test('the worst case counts every granule that a section touches', () => {
    const sections = [{ firstGfn: 3, pageCount: 6 }];
    const question = { sections, granulePages: 4, memslotCount: 10, dmaMaxMappings: 0 };
    expect(checkAdmission(question)).toEqual({ admitted: true, worstCaseMappings: 3 + 10 - 1 });
  });

  test('twice is an assertion', () => {
    const bench = attached(new ListenerBench());
    expect(() => bench.attach()).toThrow(AssertionFailure);
  });
});

describe('a device goes', () => {
  test('each section is one unmap, ascending, whatever is mapped of it', () => {
    const bench = attached(new ListenerBench());
    bench.calls.splice(0);
    bench.detach();
    expect(bench.take()).toEqual(['unmap 32+8', 'unmap 48+2', 'unmap 67+8']);
    expect(bench.calls.map(({ context }) => context)).toEqual(['detach', 'detach', 'detach']);
    expect([bench.listener.sections, bench.coordination.uncoordinatedDisabled]).toEqual([[], 0]);
  });
});

describe('runs', () => {
  test('granule boundaries follow block pages, not guest pages', () => {
    const bench = attached(new ListenerBench());
    // Guest page of block page 9 is 68; 4-page granules of guest pages would end at 72.
    expect(bench.listener.mapRun(bench.high, 'shared', 9, 6, 4)).toBe(0);
    expect(bench.take()).toEqual([`map 68+3 from ${RAM + 9} rw`, `map 71+3 from ${RAM + 12} rw`]);
  });

  test('a granule of the size of the run is one call, wherever it begins', () => {
    const bench = attached(new ListenerBench());
    bench.listener.mapRun(bench.low, 'shared', 1, 6, 6);
    expect(bench.take()).toEqual([`map 33+6 from ${RAM + 1} rw`]);
  });

  test('a refused granule: the complete run is unmapped, and nothing counts as done', () => {
    const bench = attached(new ListenerBench());
    bench.door.refusedMaps.add(bench.door.mapCalls + 2);
    expect(bench.listener.mapRun(bench.low, 'shared', 0, 8, 2)).toBe(-ERRNO.ENOMEM);
    expect(bench.take().slice(2)).toEqual([`map 36+2 from ${RAM + 4} rw !`, 'unmap 32+8']);
    expect([bench.listener.done, bench.calls.at(-1)?.context]).toEqual([0, 'rollback']);
  });

  test.each([
    { what: 'on granules', firstPage: 0, refused: 2, done: 2 },
    { what: 'from inside a granule, in its second one', firstPage: 1, refused: 1, done: 1 },
    { what: 'from inside a granule, in its first one', firstPage: 1, refused: 0, done: 0 },
  ])('without rollback, `done` says how many granules stay: $what', ({ firstPage, refused, done }) => {
    const bench = attached(new ListenerBench({ profile: { rollback: 'none' } }));
    bench.door.refusedMaps.add(bench.door.mapCalls + refused);
    expect(bench.listener.mapRun(bench.low, 'shared', firstPage, 8 - firstPage, 2)).toBe(-ERRNO.ENOMEM);
    expect([bench.listener.done, bench.take().filter((line) => line.startsWith('unmap'))]).toEqual([done, []]);
    expect(bench.listener.mapRun(bench.low, 'shared', 0, 2, 2)).toBe(0);
    expect(bench.listener.done).toBe(0);
  });

  test.each([
    { masksEnoent: true, answer: -ERRNO.ENOENT, status: 0 },
    { masksEnoent: false, answer: -ERRNO.ENOENT, status: -ERRNO.ENOENT },
    { masksEnoent: true, answer: -ERRNO.EINVAL, status: -ERRNO.EINVAL },
  ])('an unmap answered $answer is $status (masks ENOENT: $masksEnoent)', ({ masksEnoent, answer, status }) => {
    const bench = attached(new ListenerBench({ masksEnoent }));
    bench.door.unmapStatus = answer;
    expect(bench.listener.unmapRun(bench.low, 'shared', 0, 3)).toBe(status);
    expect([bench.take(), bench.calls.at(-1)?.status]).toEqual([['unmap 32+3 !'], answer]);
  });

  test('they are counted, maps and unmaps', () => {
    const bench = attached(new ListenerBench());
    const before = bench.listener.notificationCount;
    bench.listener.mapRun(bench.low, 'shared', 0, 8, 1);
    bench.listener.unmapRun(bench.low, 'shared', 0, 8);
    expect(bench.listener.notificationCount - before).toBe(2);
  });
});

test.each(WORLD_BACKEND_IDS)('in front of %s: a device reaches the frames of the guest, and none after it goes', (backend) => {
  const bench = new ListenerBench();
  const kernel = createContainer(backend, { memory: bench.memory });
  const { unmapShape, qemuMasksEnoent: masksEnoent } = kernel.traits;
  const listener = new ContainerListener({ ...bench.options, door: kernel, unmapShape, masksEnoent });
  // One granule, so that one unmap names exactly one mapping.
  bench.populated.set(bench.ram, [{ first: 0, end: 16 }]);
  bench.granulePages = 8;
  expect(listener.attach(bench.memory.addressSpace, bench.instance, bench.coordination)).toBe(0);
  expect([kernel.mappingCount, kernel.isWritable(32), kernel.isWritable(48)]).toEqual([3, true, false]);
  bench.memory.populate(bench.ram, 9, 'shared');
  expect(kernel.translate(68)).toBe(bench.memory.backing(bench.ram, 9, 'shared'));
  listener.detach(bench.coordination);
  expect([kernel.mappingCount, bench.memory.frames.pinCount]).toEqual([0, 0]);
});
