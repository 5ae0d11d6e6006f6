// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockRange, type DeviceState, type DeviceSteps, QEMU_STEPS } from '../src/index.ts';
import { createBench } from './support/bench.ts';
import { compare, runs, type Step } from './support/operations.ts';

/** Mistakes somebody could make, each by replacing a step; the right ones are in src/_internals. */
const setBitsBeforeWillPlug: Partial<DeviceSteps> = {
  ask: (state, source, question, range) => {
    if (question === 'willPlug') QEMU_STEPS.mark(state, range, true);
    return QEMU_STEPS.ask(state, source, question, range);
  },
  takeBackPlug: (state, range) => {
    QEMU_STEPS.mark(state, range, false);
    QEMU_STEPS.takeBackPlug(state, range);
  },
};

const clearBitsBeforeDiscarded: Partial<DeviceSteps> = {
  tell: (state, source, news, range) => {
    if (news === 'discarded') QEMU_STEPS.mark(state, range, false);
    QEMU_STEPS.tell(state, source, news, range);
  },
};

const silent = (skipped: Parameters<DeviceSteps['tell']>[2]): Partial<DeviceSteps> => ({
  tell: (state, source, news, range) => (news === skipped ? undefined : QEMU_STEPS.tell(state, source, news, range)),
});

const checkStateBeforeSize: DeviceSteps['refusal'] = (state, type, range) => {
  const refused = QEMU_STEPS.refusal(state, type, range);
  return refused === 'NACK' && !state.bits.allClear(range.firstBlock, range.endBlock) ? 'ERROR' : refused;
};

const oneTooMany = ({ blockCount }: DeviceState, { firstBlock, endBlock }: BlockRange): BlockRange => ({
  firstBlock,
  endBlock: Math.min(endBlock + 1, blockCount),
});

const widen = (state: DeviceState, found: BlockRange | undefined): BlockRange | undefined =>
  found === undefined ? undefined : oneTooMany(state, found);

const touchedMemslots: DeviceSteps['emptiedMemslots'] = ({ memslots }, { firstBlock, endBlock }) => {
  if (memslots === undefined) return [];
  const first = Math.floor(firstBlock / memslots.blocksPerMemslot);
  const end = Math.ceil(endBlock / memslots.blocksPerMemslot);
  return Array.from({ length: end - first }, (_, at) => first + at).filter((slot) => memslots.active.test(slot));
};

const roundInward: DeviceSteps['isPlugged'] = ({ bits, blockPages, usableBlocks }, first, end) => {
  const [firstBlock, endBlock] = [Math.ceil(first / blockPages), Math.floor(end / blockPages)];
  return first < end && endBlock <= usableBlocks && (firstBlock >= endBlock || bits.allSet(firstBlock, endBlock));
};

const FAULTS: readonly [name: string, shownBy: keyof Step, wrong: Partial<DeviceSteps>][] = [
  ['bits set before willPlug', 'lines', setBitsBeforeWillPlug],
  ['bits never set', 'blocks', { mark: (state, range, on) => (on ? undefined : QEMU_STEPS.mark(state, range, on)) }],
  ['one block too many unplugged', 'blocks', { mark: markOneTooMany }],
  ['one block too many named', 'answer', { findBlocks: (...asked) => widen(asked[0], QEMU_STEPS.findBlocks(...asked)) }],
  ['bits cleared before discarded', 'lines', clearBitsBeforeDiscarded],
  ['a refused plug that is not told as aborted', 'lines', silent('plugAborted')],
  ['an unplug that is not told', 'lines', silent('discarded')],
  ['unplug-all without telling', 'lines', silent('discardedAll')],
  ['a refused plug whose RAM stays', 'lines', { takeBackPlug: () => undefined }],
  [
    'a refused plug that leaves the size changed',
    'sizes',
    { takeBackPlug: (state, range) => (QEMU_STEPS.takeBackPlug(state, range), void (state.pluggedBlocks += 1)) },
  ],
  ['unplug without a discard', 'lines', { discard: () => 0 }],
  ['a failed discard that is ignored', 'answer', { discard: (state, range) => (QEMU_STEPS.discard(state, range), 0) }],
  ['ERROR before NACK', 'answer', { refusal: checkStateBeforeSize }],
  ['prealloc forgotten', 'lines', { prealloc: () => 0 }],
  ['a refused prealloc that is ignored', 'answer', { prealloc: (...asked) => (QEMU_STEPS.prealloc(...asked), 0) }],
  ['memslots activated too late', 'lines', { activate: () => 0, tell: activateWhenPlugged }],
  ['a refused memslot that is ignored', 'answer', { activate: (...asked) => (QEMU_STEPS.activate(...asked), 0) }],
  ['a memslot that goes with a block plugged', 'memslots', { emptiedMemslots: touchedMemslots }],
  ['memslots that never go', 'memslots', { emptiedMemslots: () => [] }],
  ['a reset that does nothing', 'blocks', { reset: () => undefined }],
  ['a reset that does not care about a migration', 'lines', { reset: unplugEvenWhileMigrating }],
  ['a wake-up that unplugs', 'blocks', { reset: (state, source) => QEMU_STEPS.reset(state, source, 'cold') }],
];

function unplugEvenWhileMigrating(...[state, source]: Parameters<DeviceSteps['reset']>): void {
  if (state.pluggedBlocks > 0) state.steps.unplugAll(state, source);
}

function markOneTooMany(...[state, range, isPlugged]: Parameters<DeviceSteps['mark']>): void {
  QEMU_STEPS.mark(state, isPlugged ? range : oneTooMany(state, range), isPlugged);
}

function activateWhenPlugged(...[state, source, news, range]: Parameters<DeviceSteps['tell']>): void {
  if (news === 'plugged') QEMU_STEPS.activate(state, source, range);
  QEMU_STEPS.tell(state, source, news, range);
}

describe('planted faults', () => {
  for (const [name, shownBy, wrong] of FAULTS) {
    test(`${name}: caught by ${shownBy}`, () => {
      expect(differencesOf(wrong)).toContain(shownBy);
    });
  }

  test('the right steps differ in nothing', () => {
    expect(differencesOf({})).toEqual([]);
  });

  test('an order fault changes no answer and no state, only the event order shows it', () => {
    for (const wrong of [setBitsBeforeWillPlug, clearBitsBeforeDiscarded]) {
      expect(differencesOf(wrong)).toEqual(['lines']);
    }
  });

  test('bits set before willPlug: the golden list shows the new state too early', () => {
    const { device, take } = createBench({ steps: { ...QEMU_STEPS, ...setBitsBeforeWillPlug } });
    take();
    expect(device.plug(1, 2)).toBe('ACK');
    expect(take()).toEqual(['willPlug [4,12) PP', 'plugged [4,12) PP']);
  });

  test('rounding inward: a page of an unplugged block counts as plugged', () => {
    const { device } = createBench({ steps: { ...QEMU_STEPS, isPlugged: roundInward } });
    device.plug(1, 1);
    expect([device.isPlugged(4, 9), createBench().device.isPlugged(4, 9)]).toEqual([true, false]);
  });

  test('the usable region ignored: blocks above it that a load brought count as plugged', () => {
    const isPlugged: DeviceSteps['isPlugged'] = ({ bits, blockPages }, first, end) =>
      first < end && bits.allSet(Math.floor(first / blockPages), Math.ceil(end / blockPages));
    const seen = [{ ...QEMU_STEPS, isPlugged }, QEMU_STEPS].map((steps) => {
      const { device } = createBench({ steps, requestedBlocks: 1, extentPages: 0 });
      const source = createBench();
      source.device.plug(2, 1);
      device.loadBlocks(source.device.saveBlocks());
      return device.isPlugged(8, 12);
    });
    expect(seen).toEqual([true, false]);
  });
});

/** What differs between device and naive model in the first differing step of each run of a fixed sample. */
function differencesOf(wrong: Partial<DeviceSteps>): string[] {
  const found = new Set<string>();
  for (const run of fc.sample(runs, { seed: 1, numRuns: 200 })) {
    const { seen, expected } = compare(run, { ...QEMU_STEPS, ...wrong });
    for (const [index, step] of seen.entries()) {
      const fields = differingFields(step, expected[index]!);
      for (const field of fields) found.add(field);
      if (fields.length > 0) break;
    }
  }
  return [...found];
}

function differingFields(a: Step, b: Step): string[] {
  const fields = ['answer', 'lines', 'blocks', 'memslots', 'sizes'] as const;
  return fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
}
