// SPDX-License-Identifier: MIT
import type { PageRange } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockRange, type DeviceState, type DeviceSteps, QEMU_STEPS } from '../src/index.ts';
import { createBench } from './support/bench.ts';
import { compare, runs, type Step } from './support/operations.ts';

/** Wrong steps, each one a mistake somebody could make; the right ones are in src/_internals. */
const setBitsBeforeWillPlug: DeviceSteps['plug'] = (state, source, range) => {
  const pages = pagesOf(state, range);
  state.bits.set(range.firstBlock, range.endBlock);
  if (state.events.willPlug(source, pages) !== 0) {
    state.bits.clear(range.firstBlock, range.endBlock);
    state.events.plugAborted(source, pages);
    discardBoth(state, pages);
    return false;
  }
  state.pluggedBlocks += range.endBlock - range.firstBlock;
  state.events.plugged(source, pages);
  return true;
};

const forgetPlugAborted: DeviceSteps['plug'] = (state, source, range) => {
  const events = { ...state.events, plugAborted: () => undefined };
  const copy = { ...state, events };
  const done = QEMU_STEPS.plug(copy, source, range);
  state.pluggedBlocks = copy.pluggedBlocks;
  return done;
};

const clearBitsBeforeDiscarded: DeviceSteps['unplug'] = (state, source, range) => {
  const pages = pagesOf(state, range);
  if (state.events.willUnplug(source, pages) !== 0) return false;
  if (discardBoth(state, pages) !== 0) {
    state.events.unplugAborted(source, pages);
    return false;
  }
  state.bits.clear(range.firstBlock, range.endBlock);
  state.pluggedBlocks -= range.endBlock - range.firstBlock;
  state.events.discarded(source, pages);
  state.events.unplugged(source, pages);
  return true;
};

const forgetTheLastBlock: DeviceSteps['unplugAll'] = (state, source) => {
  const last = state.blockCount - 1;
  const stays = state.bits.test(last);
  const done = QEMU_STEPS.unplugAll(state, source);
  if (done && stays) state.bits.set(last, last + 1);
  return done;
};

const ignoreFailedDiscard: DeviceSteps['unplug'] = (state, source, range) => {
  const host: DeviceState['host'] = {
    regime: state.host.regime,
    discard: (pages, side) => {
      state.host.discard(pages, side);
      return 0;
    },
  };
  const copy = { ...state, host };
  const done = QEMU_STEPS.unplug(copy, source, range);
  state.pluggedBlocks = copy.pluggedBlocks;
  return done;
};

const FAULTS: readonly [name: string, shownBy: string, wrong: Partial<DeviceSteps>][] = [
  ['bits set before willPlug', 'lines', { plug: setBitsBeforeWillPlug }],
  ['a refused plug that is not told as aborted', 'lines', { plug: forgetPlugAborted }],
  ['bits cleared before discarded', 'lines', { unplug: clearBitsBeforeDiscarded }],
  ['unplug that ignores a failed discard', 'answer', { unplug: ignoreFailedDiscard }],
  ['unplug-all that forgets the last block', 'blocks', { unplugAll: forgetTheLastBlock }],
];

describe('planted faults', () => {
  for (const [name, shownBy, wrong] of FAULTS) {
    test(`${name}: caught by ${shownBy}`, () => {
      expect(differencesOf({ ...QEMU_STEPS, ...wrong })).toContain(shownBy);
    });
  }

  test('the right steps differ in nothing', () => {
    expect(differencesOf(QEMU_STEPS)).toEqual([]);
  });

  test('an order fault changes no answer and no state, only the event order shows it', () => {
    for (const wrong of [{ plug: setBitsBeforeWillPlug }, { unplug: clearBitsBeforeDiscarded }]) {
      expect(differencesOf({ ...QEMU_STEPS, ...wrong })).toEqual(['lines']);
    }
  });

  test('bits set before willPlug: the golden list shows the new state too early', () => {
    const { device, take } = createBench({ steps: { ...QEMU_STEPS, plug: setBitsBeforeWillPlug } });
    take();
    expect(device.plug(1, 2)).toBe('ACK');
    expect(take()).toEqual(['willPlug [4,12) PP', 'plugged [4,12) PP']);
  });
});

/** What differs between device and naive model in the first differing step of each run of a fixed sample. */
function differencesOf(steps: DeviceSteps): string[] {
  const found = new Set<string>();
  for (const run of fc.sample(runs, { seed: 1, numRuns: 200 })) {
    const { seen, expected } = compare(run, steps);
    for (const [index, step] of seen.entries()) {
      const fields = differingFields(step, expected[index]!);
      for (const field of fields) found.add(field);
      if (fields.length > 0) break;
    }
  }
  return [...found];
}

function differingFields(a: Step, b: Step): string[] {
  const fields = ['answer', 'lines', 'blocks', 'sizes'] as const;
  return fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
}

function pagesOf({ block, blockPages }: DeviceState, range: BlockRange): PageRange {
  return { block, firstPage: range.firstBlock * blockPages, endPage: range.endBlock * blockPages };
}

function discardBoth({ host, block }: DeviceState, pages: PageRange): number {
  const status = host.discard(pages, 'shared');
  if (status !== 0 || !block.hasGuestMemfd || host.regime === 'in-place') return status;
  return host.discard(pages, 'private');
}
