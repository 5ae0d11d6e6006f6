// SPDX-License-Identifier: MIT
/* Conversions and devices inside one another (nested, bound 1): what the notifier lists do, and what the locks are for. */
import { parseHistory, runHistory, type RunResult } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { dmaMappingTracker, notifierList } from '../src/index.ts';

function run(strategy: Strategy, line: string, without: readonly string[] = []): RunResult {
  return runHistory(strategy, parseHistory(line), { record: true, without: new Set(without) });
}

const TWO = 'world(containers=c0:iommufd,c1:iommufd, pages=4); attach(c0); attach(c1)';

describe('the lock of notifier-list', () => {
  test('nested/waits: who comes or goes while a conversion is told waits until it is over', () => {
    for (const inner of ['detach(c0)', 'detach(c1)', 'convert(0+1,private)', 'convert(0+1,shared)']) {
      const result = run(notifierList, `${TWO}; convert(0+1,shared); at(3,${inner})`);
      expect([inner, result.nested, result.violations]).toEqual([inner, ['after'], []]);
    }
  });

  test('nested/without: the list survives one that removes itself, and not the one after it', () => {
    const events = run(notifierList, `${TWO}; convert(0+1,shared)`).steps[2]!.events;
    const [first, second] = events.flatMap((event) => (event.kind === 'map' ? [event.container] : []));
    const detail = (gone: string): string | undefined =>
      run(notifierList, `${TWO}; convert(0+1,shared); at(3,detach(${gone}))`, ['lock']).violations.find(({ invariant }) => invariant === 'nonfatal')?.evidence.detail;
    expect([detail(first!), detail(second!)]).toEqual([undefined, 'use after free: a notifier leaves while its list is walked (QLIST_FOREACH_SAFE)']);
  });
});

test('nested/tracker: the lock of dma-mapping-tracker keeps a conversion whole', () => {
  const result = run(dmaMappingTracker, `${TWO}; convert(0+2,shared); at(3,detach(c1)); convert(0+1,private); at(2,convert(0+1,shared)); dma(c0,0,write)`);
  expect([result.nested, result.violations, result.steps.at(-1)!.answer]).toEqual([['after', 'after'], [], '0 0xa1']);
});
