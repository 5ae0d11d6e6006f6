// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import { BACKEND_IDS, BACKEND_TRAITS } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { HOST_PAGE, ListenerBench, type BenchOptions } from './support/listener-bench.ts';

const UNHEARD: BenchOptions = { pipelinesTransactions: true, profile: { awaitsAttach: false } };

function populated(options: BenchOptions): ListenerBench {
  const bench = new ListenerBench({ granulePages: 2, ...options });
  bench.populated.set(bench.ram, [{ first: 0, end: 8 }]);
  return bench;
}

test('only a vfio-user client pipelines its transactions', () => {
  const pipelining = BACKEND_IDS.filter((id) => BACKEND_TRAITS[id].pipelinesTransactions);
  expect(pipelining).toEqual(['vfio-user', 'vfio-user-strict']);
});

describe('a client that does not wait', () => {
  test('a map refused while a device comes goes unnoticed, and the later ones are made', () => {
    const bench = populated(UNHEARD);
    bench.door.refusedMaps.add(1);
    expect(bench.attach()).toBe(0);
    expect(bench.take().slice(0, 4)).toEqual([
      `map 32+2 from ${HOST_PAGE} rw`,
      `map 34+2 from ${HOST_PAGE + 2} rw !`,
      `map 36+2 from ${HOST_PAGE + 4} rw`,
      `map 38+2 from ${HOST_PAGE + 6} rw`,
    ]);
    expect(bench.listener.done).toBe(0);
  });

  test('every map refused: the device is there, without a mapping', () => {
    const bench = populated(UNHEARD);
    for (let k = 0; k < 8; k += 1) bench.door.refusedMaps.add(k);
    expect(bench.attach()).toBe(0);
    expect(bench.take().filter((line) => !line.endsWith('!'))).toEqual([]);
  });

  test('what the server said is observed all the same, call by call', () => {
    const bench = populated(UNHEARD);
    bench.door.refusedMaps.add(1);
    bench.attach();
    const seen = bench.calls.slice(0, 2).map(({ status, doneGranules, pageCount }) => [status, doneGranules, pageCount]);
    expect(seen).toEqual([
      [-ERRNO.ENOMEM, 1, 8],
      [0, 0, 4],
    ]);
  });

  test('a refused section at run time goes unnoticed too, with a manager or without', () => {
    const bench = populated({ ...UNHEARD, profile: { awaitsAttach: false, refusedSection: 'exit' } });
    bench.attach();
    bench.populated.set(bench.late.block, [{ first: 2, end: 4 }]);
    for (const section of [bench.late, bench.plain]) {
      bench.door.refusedMaps.add(bench.door.mapCalls);
      expect(bench.addSection(section)).toBe(0);
    }
    expect(bench.listener.sections).toEqual([bench.low, bench.rom, bench.high, bench.late, bench.plain]);
  });

  test('a refused unmap while a device or a section goes is success', () => {
    const bench = populated(UNHEARD);
    bench.attach();
    const answers: number[] = [];
    bench.hearUnmap = (status) => answers.push(status);
    bench.door.unmapStatus = -ERRNO.EINVAL;
    bench.removeSection(bench.high);
    bench.detach();
    expect(answers).toEqual([0, 0]);
    expect(bench.take().filter((line) => line.startsWith('unmap'))).toEqual(['unmap 67+8 !', 'unmap 32+8 !', 'unmap 48+2 !']);
  });

  test('outside a transaction every answer is heard', () => {
    const bench = populated(UNHEARD);
    bench.attach();
    bench.door.refusedMaps.add(bench.door.mapCalls + 1);
    expect(bench.listener.mapRun(bench.high, 'shared', 8, 4, 2)).toBe(-ERRNO.ENOMEM);
    expect(bench.take().at(-1)).toBe('unmap 67+4');
    bench.door.unmapStatus = -ERRNO.EINVAL;
    expect(bench.listener.unmapRun(bench.high, 'shared', 8, 4)).toBe(-ERRNO.EINVAL);
  });
});

describe.each([
  { what: 'a client that waits', options: { ...UNHEARD, profile: { awaitsAttach: true } } },
  { what: 'a kernel, whatever the design awaits', options: { ...UNHEARD, pipelinesTransactions: false } },
])('$what', ({ options }) => {
  test('a map refused while a device comes refuses the device', () => {
    const bench = populated(options);
    bench.door.refusedMaps.add(1);
    expect(bench.attach()).toBe(-ERRNO.ENOMEM);
    expect([bench.take().slice(-1), bench.listener.isAttached]).toEqual([['unmap 32+8'], false]);
  });
});
