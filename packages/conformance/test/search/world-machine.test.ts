// SPDX-License-Identifier: MIT
// What a searched world is made of besides the design, and what one step of it leaves behind for the next.
import { type Consumer, ERRNO, type Section, switchSide } from '@sda-lab/guest-memory';
import { QEMU_LISTENER_STEPS } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { keepShared } from '../../src/controls/keep-shared.ts';
import { printOperation } from '../../src/history/print-history.ts';
import { INVARIANTS } from '../../src/judge/invariant.ts';
import { KIND_MASK, SAME } from '../../src/search/search-model.ts';
import { search } from '../../src/search/search.ts';
import type { WorldBound } from '../../src/search/world/world-bound.ts';
import { createWorldModel, type WorldModel } from '../../src/search/world/world-model.ts';
import { remembering } from './support/world-designs.ts';

const ONE_PAGE: WorldBound = { pages: 1, containers: 1, blocks: 0, faults: 1, regime: 'two-backend' };

function transitionsOf(model: WorldModel, op: string): number[] {
  return Array.from({ length: model.transitionCount }, (_, transition) => transition).filter((transition) => model.label(transition).at(-1)!.op === op);
}

test('a machine with a mistake breaks what its design keeps', () => {
  const parts = { listenerSteps: { ...QEMU_LISTENER_STEPS, isWritable: () => true } };
  const found = (model: WorldModel): string[] => search(model).counterexamples.map(({ property }) => property.invariant);
  expect(found(createWorldModel(keepShared, ONE_PAGE))).not.toContain('rights');
  expect(found(createWorldModel(keepShared, { ...ONE_PAGE, parts }))).toContain('rights');
});

/** To shared, maps for a moment: a refusal changes nothing, and success leaves the page unmapped. */
const mapsForAMoment = remembering('maps-for-a-moment', (instance, _memory, host) => {
  const followed: { consumer: Consumer; section: Section }[] = [];
  return {
    subscribe: (consumer, section) => {
      followed.push({ consumer, section });
      return 0;
    },
    unsubscribe: () => void followed.pop(),
    convert: (request, to) => {
      if (to === 'private') return instance.convert(request, to);
      for (const { consumer, section } of followed) {
        const status = consumer.mapRun(section, 'shared', 0, 1, 1);
        if (status !== 0) return -ERRNO.EAGAIN;
        consumer.unmapRun(section, 'shared', 0, 1);
      }
      return switchSide(host, request, to);
    },
  };
});

describe('a step', () => {
  test('finds what it finds, whatever was refused before in the same state', () => {
    const model = createWorldModel(mapsForAMoment, ONE_PAGE);
    const attach = model.plainOf(transitionsOf(model, 'attach')[0]!);
    const sharing = transitionsOf(model, 'convert').filter((transition) => printOperation(model.label(transition).at(-1)!) === 'convert(0+1,shared)');
    const plain = model.plainOf(sharing[0]!);
    const refused = sharing.find((transition) => model.label(transition).length === 2)!;
    model.reset();
    model.step(attach);
    model.step(plain);
    const own = model.violated;
    expect(own & (3 << (2 * INVARIANTS.indexOf('complete')))).not.toBe(0);
    const words = new Int32Array(model.wordCount);
    model.reset();
    model.step(attach);
    model.store(words, 0);
    model.load!(words, 0);
    // After a step that changed nothing a search loads nothing.
    expect(model.step(refused) & KIND_MASK).toBe(SAME);
    model.step(plain);
    expect(model.violated).toBe(own);
  });

  test('says which transition goes unrefused, and what it was answered', () => {
    const model = createWorldModel(keepShared, ONE_PAGE);
    for (const transition of transitionsOf(model, 'attach')) {
      const plain = model.plainOf(transition);
      expect(model.label(plain)).toEqual(model.label(transition).slice(-1));
      expect(model.plainOf(plain)).toBe(plain);
    }
    model.reset();
    model.step(model.plainOf(transitionsOf(model, 'attach')[0]!));
    expect(model.lastAnswer).toBe('0');
  });
});
