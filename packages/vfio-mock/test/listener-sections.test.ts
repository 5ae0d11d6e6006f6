// SPDX-License-Identifier: MIT
import { AssertionFailure, ERRNO } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { HOST_PAGE, ListenerBench, type BenchOptions } from './support/listener-bench.ts';

const LATE = HOST_PAGE + 16 + 1024 + 2 + 1024;
const PLAIN = LATE + 8 + 1024;

function attached(options: BenchOptions = {}): ListenerBench {
  const bench = new ListenerBench(options);
  expect(bench.attach()).toBe(0);
  bench.take();
  return bench;
}

describe('a section comes while a device is attached', () => {
  test('with a manager: what is populated is replayed', () => {
    const bench = attached();
    bench.populated.set(bench.late.block, [{ first: 0, end: 5 }]);
    expect(bench.addSection(bench.late)).toBe(0);
    expect(bench.take()).toEqual([`map 90+2 from ${LATE + 2} rw`, `map 92+1 from ${LATE + 4} rw`]);
    expect(bench.listener.sections.at(-1)).toBe(bench.late);
  });

  test('without one: it is mapped whole', () => {
    const bench = attached();
    expect(bench.addSection(bench.plain)).toBe(0);
    expect(bench.take()).toEqual([`map 100+8 from ${PLAIN} rw`]);
  });

  test('a strategy that hands a refusal on: nothing of the section stays, others do', () => {
    const bench = attached();
    bench.populated.set(bench.late.block, [{ first: 2, end: 8 }]);
    bench.door.refusedMaps.add(bench.door.mapCalls + 1);
    expect(bench.addSection(bench.late)).toBe(-ERRNO.ENOMEM);
    expect(bench.take().at(-1)).toBe('unmap 90+6');
    expect(bench.listener.sections).toHaveLength(3);
    expect(bench.addSection(bench.late)).toBe(0);
  });

  test('a strategy that swallows it: the section is followed, with what it got', () => {
    const bench = attached({ profile: { refusedSection: 'exit' } });
    bench.heedsRefusals = false;
    bench.populated.set(bench.late.block, [{ first: 2, end: 8 }]);
    bench.door.refusedMaps.add(bench.door.mapCalls);
    expect(bench.addSection(bench.late)).toBe(0);
    expect(bench.listener.sections).toContain(bench.late);
  });

  test('plain RAM that cannot be mapped ends the VMM', () => {
    const reasons: string[] = [];
    const bench = attached({ profile: { refusedSection: 'exit' }, exit: (reason) => void reasons.push(reason) });
    bench.door.refusedMaps.add(bench.door.mapCalls);
    expect(bench.addSection(bench.plain)).toBe(-ERRNO.ENOMEM);
    expect(reasons).toEqual(['vfio: section plain cannot be mapped: -ENOMEM']);
  });

  test('without anybody who notes the end, it is an assertion', () => {
    const bench = attached({ profile: { refusedSection: 'exit' } });
    bench.door.refusedMaps.add(bench.door.mapCalls);
    expect(() => bench.addSection(bench.plain)).toThrow(AssertionFailure);
  });

  test.each([
    { refusedSection: 'return' as const, exits: 0 },
    { refusedSection: 'exit' as const, exits: 1 },
  ])('above the limit it goes again ($refusedSection)', ({ refusedSection, exits }) => {
    let count = 0;
    // 16 pages and 10 memslots admit the device with 24; 6 pages more are 6 - 1 too many.
    const bench = attached({ profile: { refusedSection }, dmaMaxMappings: 28, exit: () => void (count += 1) });
    expect(bench.addSection(bench.late)).toBe(-ERRNO.ENOSPC);
    expect([count, bench.take(), bench.listener.sections.length]).toEqual([exits, ['unmap 90+6'], 3]);
  });

  test('at the limit it stays', () => {
    const bench = attached({ dmaMaxMappings: 29 });
    expect(bench.addSection(bench.late)).toBe(0);
  });

  test('without a device it is an assertion', () => {
    const bench = new ListenerBench();
    expect(() => bench.listener.addSection(bench.late, bench.instance)).toThrow(AssertionFailure);
  });

  test('a manager may be said to follow a block without guest_memfd, as with virtio-mem in an ordinary guest', () => {
    const bench = attached({ isManaged: ({ readonly }) => !readonly });
    bench.populated.set(bench.plain.block, [{ first: 4, end: 6 }]);
    bench.addSection(bench.plain);
    expect(bench.take()).toEqual([`map 104+2 from ${PLAIN + 4} rw`]);
  });
});

describe('a section goes while a device is attached', () => {
  test('with a manager the strategy unmaps it, without one the listener does', () => {
    const bench = attached();
    bench.addSection(bench.late);
    bench.addSection(bench.plain);
    bench.take();
    bench.removeSection(bench.late);
    bench.removeSection(bench.plain);
    expect(bench.take()).toEqual(['unmap 90+6', 'unmap 100+8']);
    expect(bench.listener.sections).toHaveLength(3);
  });

  test('a boot section can go and come again', () => {
    const bench = attached();
    bench.removeSection(bench.low);
    expect(bench.take()).toEqual(['unmap 32+8']);
    bench.populated.set(bench.ram, [{ first: 0, end: 4 }]);
    expect(bench.addSection(bench.low)).toBe(0);
    expect(bench.take()).toEqual([`map 32+4 from ${HOST_PAGE} rw`]);
    expect(bench.calls.at(-1)?.context).toBe('attach');
  });

  test('one that is not followed is an assertion', () => {
    const bench = attached();
    expect(() => bench.listener.removeSection(bench.late)).toThrow(AssertionFailure);
  });

  test('a device that goes afterwards leaves nothing of it', () => {
    const bench = attached();
    bench.addSection(bench.late);
    bench.removeSection(bench.low);
    bench.take();
    bench.detach();
    expect(bench.take()).toEqual(['unmap 48+2', 'unmap 67+8', 'unmap 90+6']);
  });
});

describe('a remap', () => {
  const remap = (bench: ListenerBench): string[] => {
    bench.take();
    expect(bench.listener.remap(() => bench.door.lines.push('empty'))).toBe(0);
    return bench.take();
  };

  test('maps anew what the manager shows, in the granules used before', () => {
    const bench = attached();
    bench.listener.mapRun(bench.low, 'shared', 0, 4, 2);
    bench.populated.set(bench.ram, [{ first: 0, end: 4 }]);
    expect(remap(bench)).toEqual([
      'empty',
      `map 32+2 from ${HOST_PAGE} rw`,
      `map 34+2 from ${HOST_PAGE + 2} rw`,
      `map 48+2 from ${HOST_PAGE + 16 + 1024} r`,
    ]);
    expect(bench.calls.at(-1)?.context).toBe('remap');
  });

  test('a manager that shows the wrong runs gets the wrong mappings', () => {
    const bench = attached();
    bench.listener.mapRun(bench.low, 'shared', 0, 4, 4);
    expect(remap(bench).filter((line) => line.startsWith('map 3'))).toEqual([]);
  });

  test('is observed section by section, so that nobody believes in the old mappings', () => {
    const bench = attached();
    bench.calls.splice(0);
    remap(bench);
    const unmaps = bench.calls.filter(({ kind }) => kind === 'unmap');
    expect(unmaps.map(({ section, pageCount, status }) => [section.name, pageCount, status])).toEqual([
      ['low', 8, 0],
      ['rom', 2, 0],
      ['high', 8, 0],
    ]);
  });

  test('in single pages where nothing had been mapped before', () => {
    const bench = attached();
    bench.populated.set(bench.ram, [{ first: 0, end: 2 }]);
    expect(remap(bench).slice(1, 3)).toEqual([`map 32+1 from ${HOST_PAGE} rw`, `map 33+1 from ${HOST_PAGE + 1} rw`]);
  });

  test('ends at the first refusal, with what it mapped until then', () => {
    const bench = attached();
    bench.populated.set(bench.ram, [{ first: 0, end: 16 }]);
    bench.door.refusedMaps.add(bench.door.mapCalls + 2);
    bench.take();
    expect(bench.listener.remap(() => undefined)).toBe(-ERRNO.ENOMEM);
    expect(bench.take()).toHaveLength(3);
  });
});
