// SPDX-License-Identifier: MIT
// Models with one thing wrong: recordings of a real QEMU tell each of them from the right one.
import { type ConversionRequest, type Host, type Instance, type Side, type Strategy } from '@sda-lab/guest-memory';
import { createMultiSourceRdm, type ManagerSteps, multiSourceRdm, QEMU_11_1_STEPS } from '@sda-lab/rdm-manager';
import type { MappingDoor } from '@sda-lab/vfio-mock';
import { type DeviceSteps, QEMU_STEPS } from '@sda-lab/virtio-mem';
import { describe, expect, it } from 'vitest';
import { checkQemuRecording, type ModelParts, QEMU_11_1_PARTS } from '../src/index.ts';
import { NaiveTdx } from './support/naive-tdx.ts';
import { NaiveVirtioMem } from './support/naive-virtio-mem.ts';
import { readLines, readText, toText, withAnswers } from './support/recordings.ts';

const RANDOM = 'qemu/random-7.jsonl.gz';
const ROLLBACK = 'qemu/fault-rollback-2dev.jsonl.gz';
const MEMSLOTS = 'qemu/fault-dyn-memslots.jsonl.gz';
const OLD = 'qemu-confidential/fail-old-3rd.jsonl.gz';
const MIXTURE = 'qemu-confidential/fail-mixture-2nd.jsonl.gz';
const BASIC = 'qemu-confidential/basic.jsonl.gz';
const VMEM = 'qemu-confidential/vmem.jsonl.gz';
const RESET = 'qemu-confidential/reset-system_reset.jsonl.gz';
const IOMMUFD = 'qemu-confidential/replayfail-iommufd.jsonl.gz';

const EDGES = 'a guest with two aliases and a hole';
const SEVERAL_SLOTS = 'a plug over two memslots';

function textOf(name: string): string {
  if (name === EDGES) return edges();
  if (name === SEVERAL_SLOTS) return severalSlots();
  return name === ROLLBACK || name === MEMSLOTS ? toText(withAnswers(readLines(name))) : readText(name);
}

function edges(): string {
  const qemu = new NaiveTdx([
    { name: 'ram', pages: 32, sections: [{ gpa: 0, first: 0, count: 24 }, { gpa: 64, first: 24, count: 8 }] },
  ]);
  qemu.start([{ name: 'vu0', backend: 'vfio-user' }]);
  qemu.convert(23, 2, 'shared');
  qemu.convert(62, 4, 'shared');
  return qemu.text;
}

function severalSlots(): string {
  const qemu = new NaiveVirtioMem({ blockCount: 1024, requested: 600, blocksPerSlot: 512 });
  qemu.start(['vu0', 'vu1']);
  qemu.plug(510, 4);
  qemu.unplug(510, 4);
  return qemu.text;
}

const withStrategy = (changes: Partial<Strategy>): ModelParts => ({ ...QEMU_11_1_PARTS, strategy: { ...multiSourceRdm, ...changes } });
const withManager = (steps: Partial<ManagerSteps>): ModelParts => withStrategy({ create: createMultiSourceRdm({ ...QEMU_11_1_STEPS, ...steps }) });
const withDevice = (steps: Partial<DeviceSteps>): ModelParts => ({ ...QEMU_11_1_PARTS, deviceSteps: { ...QEMU_STEPS, ...steps } });
const withDoor = (wrapDoor: ModelParts['wrapDoor']): ModelParts => ({ ...QEMU_11_1_PARTS, wrapDoor });

/** The strategy with its instance and host replaced; `quietly` does something that nobody sees. */
function withInstance(
  change: (inner: Instance, quietly: (work: () => void) => void) => Partial<Instance>,
  changeHost: (host: Host) => Partial<Host> = () => ({}),
): ModelParts {
  let isQuiet = false;
  const quietly = (work: () => void): void => {
    isQuiet = true;
    work();
    isQuiet = false;
  };
  const create: Strategy['create'] = (host, without) => {
    const heard: Host = {
      ...host,
      setAttributes: (gfns, side) => (isQuiet ? 0 : host.setAttributes(gfns, side)),
      discard: (range, side) => (isQuiet ? 0 : host.discard(range, side)),
    };
    const inner = multiSourceRdm.create({ ...heard, ...changeHost(heard) }, without);
    return { ...inner, ...change(inner, quietly) };
  };
  const wrapDoor = (door: MappingDoor): MappingDoor => ({
    get done() {
      return door.done;
    },
    mapPages: (...call) => (isQuiet ? 0 : door.mapPages(...call)),
    unmapPages: (...call) => (isQuiet ? 0 : door.unmapPages(...call)),
  });
  return { ...withStrategy({ create }), wrapDoor };
}

const isRedundant = (inner: Instance, { pages }: ConversionRequest): boolean => {
  let shared = 0;
  inner.runs(pages.block, 'dma', pages.firstPage, pages.endPage, (first, end) => {
    shared += end - first;
    return 0;
  });
  return shared === pages.endPage - pages.firstPage;
};

/** The answer of QEMU's checks, but for who is asked first. */
const statesBeforeSize: DeviceSteps['refusal'] = (state, type, range) => {
  const wanted = type === 'PLUG' ? 'allClear' : 'allSet';
  if (!state.bits[wanted](range.firstBlock, range.endBlock)) return 'ERROR';
  return QEMU_STEPS.refusal(state, type, range);
};

const FAULTS: readonly [string, string, ModelParts][] = [
  ['the oldest device hears first', RANDOM, withManager({ insert: (list, member) => [...list, member] })],
  ['the refusing listener is left out of the undoing', ROLLBACK, withManager({ undoneCount: (at) => at })],
  ['only the refusing listener is undone', ROLLBACK, withManager({ undoneCount: () => 0 })],
  ['every listener is undone, told or not', RANDOM, withManager({ undoneCount: () => 99 })],
  ['the listener does not take its own part back', OLD, withStrategy({ listener: { ...multiSourceRdm.listener, rollback: 'none' } })],
  ['a new device hears nothing of what is populated', BASIC, withManager({ replaysToNew: false })],
  ['a device that goes keeps its mappings', RANDOM, withManager({ discardedAtLeave: () => undefined })],
  ['a device that goes is unmapped up to the end of what is plugged', RANDOM, withManager({ discardedAtLeave: ({ first }) => ({ first, end: first + 1 }) })],
  ['any source will do', VMEM, withManager({ isPopulated: (asked, first, end, ask) => asked.some((source) => ask(source, first, end)) })],
  ['a source that announces is asked as well', VMEM, withManager({ asked: (occasion, sources) => (occasion === 'discard-all' ? [] : sources) })],
  ['nobody else is asked when a source announces', VMEM, withManager({ asked: () => [] })],
  ['unplug-all looks at the other sources', VMEM, withManager({ asked: (_, sources, caller) => sources.filter((other) => other !== caller) })],
  ['the coarsest source decides the granule', VMEM, withManager({ granularityOf: (sources) => Math.max(0, ...sources.map(({ granularity }) => granularity)) })],
  ['one map per run', RANDOM, withDoor((door) => coarse(door))],
  ['one unmap per page', BASIC, withDoor((door) => paged(door))],
  ['one unmap per block', RANDOM, withDoor((door) => paged(door, 512))],
  ['a refused map goes unheard', OLD, withDoor((door) => deaf(door))],
  ['a refused unmap is tried again', 'qemu-confidential/dev-unmap-refused.jsonl.gz', withDoor((door) => stubborn(door))],
  ['an unmap of nothing is tried again', IOMMUFD, withDoor((door) => stubborn(door))],
  ['a request is cut at the end of its section', EDGES, withStrategy({ requestPath: 'per-section' })],
  ['blocks are looked at before the requested size', RANDOM, withDevice({ refusal: statesBeforeSize })],
  ['one block more than asked for is granted', RANDOM, withDevice({ refusal: (state, type, range) => lenient(state, type, range) })],
  ['the listeners hear before the memory is discarded', VMEM, withDevice({ unplug: unmapFirst })],
  ['empty memslots stay', MEMSLOTS, withDevice({ emptiedMemslots: () => [] })],
  ['only the last empty memslot goes', SEVERAL_SLOTS, withDevice({ emptiedMemslots: (...call) => QEMU_STEPS.emptiedMemslots(...call).slice(-1) })],
  ['a reset unplugs nothing', RANDOM, withDevice({ reset: () => undefined })],
  ['a redundant request maps again', BASIC, withInstance((inner, quietly) => ({
    convert: (request, to) => {
      if (to === 'shared' && isRedundant(inner, request)) quietly(() => inner.convert(request, 'private'));
      return inner.convert(request, to);
    },
  }))],
  ['a redundant request does nothing', BASIC, withInstance((inner) => ({
    convert: (request, to) => (to === 'shared' && isRedundant(inner, request) ? 0 : inner.convert(request, to)),
  }))],
  ['the bitmap takes a refused sharing back', OLD, withInstance((inner, quietly) => ({
    convert: (request, to) => {
      const status = inner.convert(request, to);
      if (status !== 0 && to === 'shared') quietly(() => inner.convert(request, 'private'));
      return status;
    },
  }))],
  ['a refused mixture is taken back whole', MIXTURE, withInstance((inner, quietly) => ({
    convert: (request, to) => {
      const status = inner.convert(request, to);
      if (status !== 0) quietly(() => inner.convert(request, 'private'));
      return status;
    },
  }))],
  ['a reset clears the bitmap', RESET, withInstance((inner, quietly) => {
    const seen: ConversionRequest[] = [];
    return {
      convert: (request, to) => {
        seen.push(request);
        return inner.convert(request, to);
      },
      reset: () => {
        quietly(() => seen.forEach((request) => inner.convert(request, 'private')));
        return 0;
      },
    };
  })],
  ['attributes turn last', BASIC, withInstance(
    (inner) => ({ convert: (request, to) => inner.convert(request, to) }),
    (host) => ({ setAttributes: () => 0, discard: (range, side) => attributesAfter(host, range, side) }),
  )],
  ['the other side is not freed', BASIC, withInstance(() => ({}), () => ({ discard: () => 0 }))],
];

function coarse(door: MappingDoor): MappingDoor {
  return {
    done: 0,
    mapPages: (iova, host, count, _granule, writable) => door.mapPages(iova, host, count, count, writable),
    unmapPages: (...call) => door.unmapPages(...call),
  };
}

function paged(door: MappingDoor, granule = 1): MappingDoor {
  return {
    get done() {
      return door.done;
    },
    mapPages: (...call) => door.mapPages(...call),
    unmapPages: (iova, count) => {
      for (let page = 0; page < count; page += granule) door.unmapPages(iova + page, Math.min(granule, count - page));
      return 0;
    },
  };
}

function deaf(door: MappingDoor): MappingDoor {
  const mapPages: MappingDoor['mapPages'] = (...call) => {
    door.mapPages(...call);
    return 0;
  };
  return { done: 0, mapPages, unmapPages: (...call) => door.unmapPages(...call) };
}

function stubborn(door: MappingDoor): MappingDoor {
  return {
    get done() {
      return door.done;
    },
    mapPages: (...call) => door.mapPages(...call),
    unmapPages: (...call) => (door.unmapPages(...call) === 0 ? 0 : door.unmapPages(...call)),
  };
}

function lenient(...[state, type, range]: Parameters<DeviceSteps['refusal']>): ReturnType<DeviceSteps['refusal']> {
  const answer = QEMU_STEPS.refusal(state, type, range);
  const isOneTooMany = state.pluggedBlocks + range.endBlock - range.firstBlock === state.requestedBlocks + 1;
  return answer === 'NACK' && isOneTooMany ? undefined : answer;
}

function unmapFirst(...[state, source, range]: Parameters<DeviceSteps['unplug']>): boolean {
  state.steps.tell(state, source, 'discarded', range);
  state.steps.discard(state, range);
  state.steps.mark(state, range, false);
  state.steps.resize(state, state.pluggedBlocks - (range.endBlock - range.firstBlock));
  return true;
}

function attributesAfter(host: Host, range: Parameters<Host['discard']>[0], side: Side): number {
  const gfns = { firstGfn: range.firstPage, endGfn: range.endPage };
  const status = host.discard(range, side);
  host.setAttributes(gfns, side === 'private' ? 'shared' : 'private');
  return status;
}

describe('a recording tells a wrong model from the right one', () => {
  it.each(FAULTS)('%s (%s)', (_, name, parts) => {
    const text = textOf(name);
    expect(checkQemuRecording(text).first).toEqual([]);
    const { mismatches, first } = checkQemuRecording(text, parts);
    expect(mismatches).toBeGreaterThan(0);
    expect(first.length).toBe(Math.min(10, mismatches));
  });
});
