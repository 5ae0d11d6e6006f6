// SPDX-License-Identifier: MIT
// Checks that look beyond an operation's own pages and containers: each with its planted fault, and without it.
import type { Consumer, Section } from '@sda-lab/guest-memory';
import { expect, test } from 'vitest';
import { passOn } from '../src/index.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { judged } from './support/judged.ts';

test('a conversion that frees pages not its own is an uncoordinated discard', () => {
  const wipes = planted('wipes-the-block', () => ({
    instance: (instance, host) => ({
      ...instance,
      convert: (request, to) => {
        const { block } = request.pages;
        if (to === 'shared') host.discard({ block, firstPage: 0, endPage: block.pageCount }, 'private');
        return instance.convert(request, to);
      },
    }),
  }));
  const line = 'attach(c0); touch(3); convert(0+1,shared)';
  expect(judged(reference, line).violations).toEqual([]);
  expect(judged(wipes, line).violations).toMatchObject([
    { invariant: 'coordinated', operationIndex: 2, evidence: { reason: 'uncoordinated-discard', position: 1 } },
  ]);
});

test('a mapping made after the device was gone is left behind', () => {
  const remembers = planted('remembers-the-gone', () => {
    const gone: [Consumer, Section][] = [];
    return {
      instance: (instance) => ({
        ...instance,
        unsubscribe: (consumer, section) => {
          instance.unsubscribe(consumer, section);
          gone.push([consumer, section]);
        },
        convert: (request, to) => {
          for (const [consumer, section] of gone.slice(0, 1)) consumer.mapRun(section, 'shared', 0, 1, 1);
          return instance.convert(request, to);
        },
      }),
    };
  });
  const line = 'attach(c0); detach(c0); convert(0+1,shared)';
  expect(judged(reference, line).violations).toEqual([]);
  expect(judged(remembers, line).violations).toMatchObject([
    { invariant: 'hotplug', operationIndex: 2, evidence: { reason: 'left-behind', container: 'c0' } },
  ]);
});

test('what only the audit sees at the end is a violation', () => {
  const { world } = judged(reference, 'attach(c0); convert(0+2,shared)');
  expect(world.judge.violations).toEqual([]);
  const losesSilently = planted('loses-silently', () => ({}));
  const found = judged(losesSilently, 'attach(c0); convert(0+2,shared); dump', (broken) => {
    const apply = broken.apply.bind(broken);
    broken.apply = (operation) => {
      if (operation.op === 'dump') broken.containers[0]!.kernel.unmapPages(1, 1);
      return apply(operation);
    };
  });
  expect(found.violations).toMatchObject([
    { invariant: 'complete', operationIndex: 3, evidence: { reason: 'not-mapped', container: 'c0', position: 1 } },
  ]);
});

test('a reset forgets what waits for a retry in the blocks it rebuilds, and in no others', () => {
  const refused = 'attach(c0); refuse(c0,unmap,1,EBUSY); refuse(c0,map,2,ENOMEM); plug(m0,0+2); reset';
  // The reference puts every block right before it lets a reset pass; others look at what can be private only.
  const looksAtPrivate = planted('looks-at-private', () => {
    let isResetting = false;
    return {
      consumer: (consumer) =>
        passOn(consumer, { unmapRun: (section, ...run) => (isResetting && !section.block.hasGuestMemfd ? 0 : consumer.unmapRun(section, ...run)) }),
      instance: (instance) => ({
        ...instance,
        reset: () => {
          isResetting = true;
          const status = instance.reset();
          isResetting = false;
          return status;
        },
      }),
    };
  });
  const shared = judged(looksAtPrivate, `world(pages=1, vmem=2x1:shared); ${refused}`);
  const untilReset = shared.violations.filter(({ operationIndex }) => operationIndex < shared.answers.length);
  expect([shared.answers.at(-1), untilReset]).toEqual(['0', []]);
  expect([1, 2].map((position) => shared.world.judge.isPending(position))).toEqual([true, true]);
  const confidential = judged(reference, `world(pages=1, vmem=2x1); convert(1+2,shared); ${refused}; heal`);
  expect(confidential.words).toEqual([]);
  expect([1, 2].map((position) => confidential.world.judge.isPending(position))).toEqual([false, false]);
});
