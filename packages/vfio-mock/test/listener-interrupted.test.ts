// SPDX-License-Identifier: MIT
/* Another operation calls the listener between two calls of the one under way. */
import { ERRNO } from '@sda-lab/guest-memory';
import type { CallContext } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { ListenerBench } from './support/listener-bench.ts';

/** A bench in which `act` runs once, after the first such call that is made from now on. */
function interrupted(bench: ListenerBench, act: () => void, context?: CallContext): void {
  bench.onCall = (call) => {
    if (context !== undefined && call.context !== context) return;
    bench.onCall = () => undefined;
    const kept = bench.listener.suspend();
    act();
    bench.listener.resume(kept);
  };
}

describe('a call in between', () => {
  test('interrupted/done: what a refused run left is still told when somebody else’s run succeeded', () => {
    const bench = new ListenerBench({ granulePages: 1, profile: { rollback: 'none' } });
    bench.attach();
    bench.door.refusedMaps.add(bench.door.mapCalls + 2);
    interrupted(bench, () => expect(bench.listener.mapRun(bench.high, 'shared', 8, 1, 1)).toBe(0));
    expect(bench.listener.mapRun(bench.low, 'shared', 0, 4, 1)).toBe(-ERRNO.ENOMEM);
    expect(bench.listener.done).toBe(2);
  });

  test('interrupted/rollback: the undoing of a run is not what somebody else does meanwhile', () => {
    const bench = new ListenerBench({ granulePages: 1 });
    bench.attach();
    bench.calls.length = 0;
    bench.door.refusedMaps.add(bench.door.mapCalls);
    interrupted(bench, () => bench.listener.unmapRun(bench.high, 'shared', 8, 1), 'rollback');
    bench.listener.mapRun(bench.low, 'shared', 0, 1, 1);
    expect(bench.calls.map(({ kind, context }) => `${kind} ${context}`)).toEqual(['map run', 'unmap rollback', 'unmap run']);
  });

  test('interrupted/transaction: what comes in while a device comes is sent like the rest of the transaction', () => {
    const bench = new ListenerBench({ granulePages: 1, pipelinesTransactions: true, profile: { awaitsAttach: false } });
    bench.populated.set(bench.ram, [{ first: 0, end: 1 }]);
    const answers: number[] = [];
    interrupted(bench, () => {
      bench.door.refusedMaps.add(bench.door.mapCalls);
      answers.push(bench.listener.mapRun(bench.low, 'shared', 4, 1, 1));
    });
    expect([bench.attach(), answers, bench.calls[1]!.context]).toEqual([0, [0], 'attach']);
    bench.door.refusedMaps.add(bench.door.mapCalls);
    expect(bench.listener.mapRun(bench.low, 'shared', 5, 1, 1)).toBe(-ERRNO.ENOMEM);
  });
});

test('interrupted/detach: a design that is not entered leaves the device with its sections', () => {
  const bench = new ListenerBench();
  bench.attach();
  const followed = bench.listener.sections;
  bench.hearUnmap = () => {
    throw new Error('waits');
  };
  expect(() => bench.detach()).toThrow('waits');
  expect([bench.listener.isAttached, bench.listener.sections]).toEqual([true, followed]);
  bench.hearUnmap = () => undefined;
  bench.detach();
  expect([bench.listener.isAttached, bench.listener.sections, bench.coordination.uncoordinatedDisabled]).toEqual([false, [], 0]);
});
