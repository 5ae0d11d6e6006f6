// SPDX-License-Identifier: MIT
// A small world without a strategy, all of whose parts have words: three pages of RAM in two sections, a ROM, a virtio-mem
// with two blocks, a container of each kind with its listener.
import { FrameNames, GuestMemory, type Instance, NO_PLUG_EVENTS, type Section, WorldWords } from '@sda-lab/guest-memory';
import { ContainerListener, containerWords, createContainer, type IommuContainer, windowOf } from '@sda-lab/vfio-mock';
import { createVirtioMem, NO_LISTENER, type VirtioMem } from '@sda-lab/virtio-mem';

export interface SmallWorld {
  readonly memory: GuestMemory;
  /** RAM below and above 4 GiB, the virtio-mem, the ROM. */
  readonly sections: readonly Section[];
  readonly containers: readonly IommuContainer[];
  readonly listeners: readonly ContainerListener[];
  readonly device: VirtioMem;
  readonly words: WorldWords;
}

const HIGH_GFN = 0x100000;
const DEVICE_GFN = 0x140000;

/** A strategy that maps nothing by itself: the parts are what is measured. */
const instance: Instance = {
  addBlock: () => 0,
  removeBlock: () => undefined,
  attachSource: () => 0,
  detachSource: () => 0,
  subscribe: () => 0,
  unsubscribe: () => undefined,
  convert: () => 0,
  reset: () => 0,
  plug: NO_PLUG_EVENTS,
  runs: () => 0,
};

export function createSmallWorld(): SmallWorld {
  const memory = new GuestMemory({ regime: 'two-backend', gfnCount: DEVICE_GFN + 2 });
  const sections = addSections(memory);
  const device = createDevice(memory, sections[2]!);
  const containers = (['type1v2', 'iommufd'] as const).map((backend) => createContainer(backend, { memory }));
  const listeners = containers.map(createListener);
  const names = new FrameNames(memory.frames);
  const windows = sections.map(windowOf);
  const words = new WorldWords(names, {
    memory: memory.words(names, sections),
    containers: containers.map((container) => containerWords(container, { names, windows })),
    listeners: listeners.map((listener) => listener.words(sections, instance)),
    devices: [device.words],
    others: [],
  });
  return { memory, sections, containers, listeners, device, words };
}

/** One small change: a page switched, touched, freed, mapped or unmapped, a block plugged or not, a device that comes. */
export function changeSmallWorld(world: SmallWorld, random: () => number): void {
  const { memory, sections, containers, listeners, device } = world;
  const below = (end: number): number => Math.floor(random() * end);
  const section = sections[below(3)]!;
  const page = section.firstPage + below(section.pageCount);
  const gfn = section.firstGfn + page - section.firstPage;
  const side = below(2) === 0 ? 'shared' : 'private';
  const container = containers[below(2)]!;
  const listener = listeners[below(2)]!;
  const changes = [
    () => memory.setAttributes({ firstGfn: gfn, endGfn: gfn + 1 }, side),
    () => memory.populate(section.block, page, side),
    () => memory.discard({ block: section.block, firstPage: page, endPage: page + 1 }, side),
    () => container.mapPages(gfn, section.block.hostFirstPage + page, 1, 1, true),
    () => container.mapPages(gfn, section.block.hostFirstPage + page, 1, 1, true),
    () => container.unmapPages(gfn, 1),
    () => device.plug(below(2), 1),
    () => device.unplug(below(2), 1),
    () => (listener.isAttached ? 0 : listener.attach(memory.addressSpace, instance, memory.coordination)),
  ];
  changes[below(changes.length)]!();
}

function addSections(memory: GuestMemory): Section[] {
  const ram = memory.addBlock('ram', 3, true);
  const pluggable = memory.addBlock('m0', 2, true, { isPluggable: true });
  const rom = memory.addBlock('rom', 1, false);
  const sections: Section[] = [
    { name: 'low', block: ram, firstPage: 0, pageCount: 2, firstGfn: 0, readonly: false },
    { name: 'high', block: ram, firstPage: 2, pageCount: 1, firstGfn: HIGH_GFN, readonly: false },
    { name: 'm0', block: pluggable, firstPage: 0, pageCount: 2, firstGfn: DEVICE_GFN, readonly: false },
    { name: 'rom', block: rom, firstPage: 0, pageCount: 1, firstGfn: HIGH_GFN - 1, readonly: true },
  ];
  for (const section of sections) memory.addSection(section);
  return sections;
}

function createDevice(memory: GuestMemory, { block, firstGfn }: Section): VirtioMem {
  return createVirtioMem({
    name: 'm0',
    block,
    firstGfn,
    blockPages: 1,
    requestedPages: 2,
    scaled: true,
    host: { regime: memory.regime, discard: (range, side) => memory.discard(range, side) },
    events: NO_LISTENER,
    isMigrating: () => false,
  });
}

function createListener(door: IommuContainer): ContainerListener {
  return new ContainerListener({
    name: door.name,
    door,
    profile: { rollback: 'run', admission: 'off', awaitsAttach: true, refusedSection: 'return' },
    unmapShape: 'range',
    masksEnoent: false,
    memslotCount: 8,
    dmaMaxMappings: 0,
    observe: () => undefined,
  });
}
