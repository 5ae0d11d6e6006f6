// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import type { DeviceSteps, VirtioMem } from '../../src/index.ts';
import { createBench, memslotText, NO_FAULTS, stateText, type Bench, type Faults } from './bench.ts';
import { NaiveModel, type ModelShape } from './naive-model.ts';

/** Blocks are positions, taken modulo a little more than the device has, so that any shrink stays meaningful. */
export type Operation =
  | { readonly op: 'PLUG' | 'UNPLUG' | 'STATE'; readonly at: number; readonly count: number; readonly offset: number }
  | { readonly op: 'UNPLUG_ALL' | 'reset' | 'wake-up' }
  | { readonly op: 'requested'; readonly blocks: number }
  | { readonly op: 'migrating'; readonly on: boolean }
  | { readonly op: 'fault'; readonly at: keyof Faults; readonly on: boolean };

export interface Run {
  readonly shape: ModelShape;
  readonly operations: readonly Operation[];
}

export const shape: fc.Arbitrary<ModelShape> = fc
  .record({
    blockCount: fc.integer({ min: 1, max: 10 }),
    blockPages: fc.constantFrom(1, 2, 4, 8),
    requested: fc.nat(),
    extentPages: fc.integer({ min: 0, max: 20 }),
    place: fc.integer({ min: 0, max: 3 }),
    regime: fc.constantFrom('two-backend', 'in-place'),
    hasGuestMemfd: fc.boolean(),
    blocksPerMemslot: fc.integer({ min: 0, max: 4 }),
    hasPrealloc: fc.boolean(),
  })
  .map(({ requested, place, ...rest }) => ({
    ...rest,
    requestedBlocks: requested % (rest.blockCount + 1),
    firstGfn: place * rest.blockPages,
  }));

const rangeOperation = fc.record({
  op: fc.constantFrom('PLUG', 'PLUG', 'UNPLUG', 'STATE'),
  at: fc.integer({ min: -1, max: 11 }),
  count: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 5 }) }, { weight: 1, arbitrary: fc.nat(65535) }),
  // Bytes beside the block's start; nearly always none.
  offset: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 4096) }),
});

export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: rangeOperation },
  { weight: 1, arbitrary: fc.constantFrom<Operation>({ op: 'UNPLUG_ALL' }, { op: 'reset' }, { op: 'wake-up' }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('requested'), blocks: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('migrating'), on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('fault'),
      at: fc.constantFrom(...(Object.keys(NO_FAULTS) as (keyof Faults)[])),
      on: fc.boolean(),
    }),
  },
);

export const runs: fc.Arbitrary<Run> = fc.record({
  shape,
  operations: fc.array(operation, { maxLength: 60, size: 'max' }),
});

/** What can be seen of one operation. */
export interface Step {
  /** The operation as JSON. */
  readonly name: string;
  readonly answer: string;
  readonly lines: readonly string[];
  readonly blocks: string;
  /** Per memslot: A active, - inactive. */
  readonly memslots: string;
  /** Plugged, requested, usable, in pages. */
  readonly sizes: readonly number[];
}

export interface Comparison {
  readonly device: VirtioMem;
  /** By the device. */
  readonly seen: readonly Step[];
  /** By the naive model; must equal `seen`. */
  readonly expected: readonly Step[];
}

/** Drives a device and the naive model through the same operations. */
export function compare(run: Run, steps?: DeviceSteps): Comparison {
  const bench = createBench({ ...run.shape, ...(steps === undefined ? {} : { steps }) });
  const model = new NaiveModel(run.shape);
  const seen: Step[] = [];
  const expected: Step[] = [];
  bench.take();
  for (const each of run.operations) {
    const name = JSON.stringify(each);
    // The model goes first: it reads the faults, the device only meets them.
    const { answer, lines } = applyToModel(model, each, bench);
    expected.push({ name, answer, lines, blocks: model.text(), memslots: model.activeText(), sizes: modelSizes(model) });
    seen.push({
      name,
      answer: applyToDevice(bench, each),
      lines: bench.take(),
      blocks: stateText(bench.device),
      memslots: memslotText(bench.device),
      sizes: [bench.device.pluggedPages, bench.device.requestedPages, bench.device.usablePages],
    });
  }
  return { device: bench.device, seen, expected };
}

export function applyToDevice(bench: Bench, each: Operation): string {
  const { device } = bench;
  if ('offset' in each) {
    return JSON.stringify(device.request({ type: each.op, addr: addressOf(bench, each), nbBlocks: each.count }));
  }
  if (each.op === 'UNPLUG_ALL') return JSON.stringify(device.request({ type: 'UNPLUG_ALL' }));
  if (each.op === 'reset') device.systemReset();
  if (each.op === 'wake-up') device.systemReset('wake-up');
  if (each.op === 'requested') device.setRequestedPages((each.blocks % (device.blockCount + 1)) * device.granulePages);
  if (each.op === 'migrating') bench.migrating = each.on;
  if (each.op === 'fault') bench.faults[each.at] = each.on ? -ERRNO.ENOMEM : 0;
  return 'none';
}

function applyToModel(model: NaiveModel, each: Operation, bench: Bench): Pick<Step, 'answer' | 'lines'> {
  if ('offset' in each) {
    const { response, lines } = model.request(each.op, addressOf(bench, each), each.count, bench.faults);
    return { answer: JSON.stringify(response), lines };
  }
  if (each.op === 'UNPLUG_ALL' || each.op === 'reset') {
    const { response, lines } = model.unplugAll(bench.faults);
    return { answer: each.op === 'reset' ? 'none' : JSON.stringify(response), lines };
  }
  if (each.op === 'requested') model.setRequested(each.blocks % (model.shape.blockCount + 1));
  if (each.op === 'migrating') model.migrating = each.on;
  return { answer: 'none', lines: [] };
}

/** No guest sends a negative address: under a device at address 0 the block below becomes block 0. */
function addressOf(bench: Bench, each: { readonly at: number; readonly offset: number }): bigint {
  const position = bench.device.blockAddress(0) === 0n ? Math.max(each.at, 0) : each.at;
  return bench.device.blockAddress(position) + BigInt(each.offset);
}

function modelSizes(model: NaiveModel): number[] {
  return [model.plugged, model.requested, model.usable].map((blocks) => blocks * model.shape.blockPages);
}
