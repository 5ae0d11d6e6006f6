// SPDX-License-Identifier: MIT
/**
 * The virtio-mem devices of a world as plug sources: which of them decide over their block now, what the guest can use
 * by that, and the sections of their dynamic memslots.
 *
 * Lifecycle of a device: made with the world, nothing plugged; its source joins at once unless it is a second one of a
 * block -> `leave` and `join` at run time. A source that has not joined answers its guest's requests and tells nobody:
 * neither the design nor the host's RAM hears of it. A page is plugged when all joined sources of its block say so.
 *
 * QEMU makes and unmakes the connection when the device is realized and unrealized; changing it under consumers is what
 * 11.1's ram_discard_manager_add_source and _del_source allow (merge 9d526ed81d, system/ram-discard-manager.c).
 */
import {
  assert,
  type GuestMemory,
  type Host,
  type Instance,
  type PageRange,
  type PlugEvents,
  type RamBlock,
  type Section,
  type Status,
  type Words,
} from '@sda-lab/guest-memory';
import { createVirtioMem, type DeviceSteps, type MemslotHost, NO_LISTENER, type VirtioMem } from '@sda-lab/virtio-mem';
import { SourceWords } from './source-words.ts';
import { type Layout, positionsOf, type Span } from './layout.ts';
import { ownerOf, type WorldSpec } from './world-spec.ts';

export interface PlugSourcesOptions {
  readonly spec: WorldSpec;
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly instance: Instance;
  readonly host: Host;
  readonly isMigrating: () => boolean;
  /** Shows a memslot to attached devices, and hides it from them. */
  readonly memslots: { show(section: Section): Status; hide(section: Section): void };
  /** Fires when pages change what the guest can use; all of the range is plugged, or none. */
  readonly onChange: (range: PageRange, isPlugged: boolean) => void;
  readonly steps: DeviceSteps | undefined;
}

export class PlugSources {
  /** By index; undefined where the design refused the device, or the one whose block it is over. */
  readonly devices: readonly (VirtioMem | undefined)[];
  /** Sections of devices the design refused: holes in its guests. */
  readonly absent: readonly Section[];
  /** Which sources have joined; devices have words of their own, and designs remember sources themselves. */
  readonly words: Words;
  readonly #options: PlugSourcesOptions;
  /** By device index: 1 = its source has joined. */
  readonly #joined: Uint8Array;
  /** By device index: the spans of the block it decides over. */
  readonly #spans: readonly (readonly Span[])[];
  readonly #positions: readonly { readonly first: number; readonly end: number }[];

  constructor(options: PlugSourcesOptions) {
    this.#options = options;
    this.#joined = new Uint8Array(options.spec.vmem.length);
    this.words = new SourceWords(this.#joined);
    this.#spans = options.spec.vmem.map((_, at) => this.#findSpans(at));
    this.#positions = this.#spans.map((spans) => ({ first: spans[0]!.firstPosition, end: positionsOf(spans.at(-1)!).end }));
    const devices: (VirtioMem | undefined)[] = [];
    const absent: Section[] = [];
    for (const at of options.spec.vmem.keys()) {
      const owner = ownerOf(options.spec, at);
      const device = owner !== at && devices[owner] === undefined ? undefined : this.#create(at);
      const isRefused = device === undefined || (owner === at && this.join(device, at) !== 0);
      devices.push(isRefused ? undefined : device);
      if (isRefused && owner === at) absent.push(...this.#spans[at]!.map(({ section }) => section));
    }
    this.devices = devices;
    this.absent = absent;
    for (const section of absent) {
      if (options.memory.addressSpace.sections.includes(section)) options.memory.removeSection(section);
    }
  }

  hasJoined(at: number): boolean {
    return this.#joined[at] === 1;
  }

  join(device: VirtioMem, at: number): Status {
    const { instance } = this.#options;
    const status = instance.attachSource(this.blockOf(at), device);
    if (status === 0) this.#joined[at] = 1;
    return status;
  }

  leave(device: VirtioMem, at: number): Status {
    const status = this.#options.instance.detachSource(this.blockOf(at), device);
    if (status === 0) this.#joined[at] = 0;
    return status;
  }

  /** Tells of every page of a device's block what the guest can use now that a source has come or gone. */
  announce(at: number): void {
    const block = this.blockOf(at);
    this.#announce(block, 0, block.pageCount);
  }

  /** Frees what the guest can no longer use of the block now that the device has come. */
  freeUnplugged(device: VirtioMem, at: number): void {
    const { host } = this.#options;
    const block = this.blockOf(at);
    for (let firstPage = 0; firstPage < block.pageCount; firstPage += device.granulePages) {
      const range = { block, firstPage, endPage: firstPage + device.granulePages };
      if (device.isPlugged(firstPage, range.endPage)) continue;
      host.discard(range, 'shared');
      if (block.hasGuestMemfd && host.regime === 'two-backend') host.discard(range, 'private');
    }
  }

  /** Whether another source of the device's block has joined. */
  isTaken(at: number): boolean {
    return this.#joined.some((joined, other) => joined === 1 && other !== at && this.blockOf(other) === this.blockOf(at));
  }

  blockOf(at: number): RamBlock {
    return this.#spans[at]![0]!.section.block;
  }

  /** Positions of the block a device decides over. */
  positionsOf(at: number): { readonly first: number; readonly end: number } {
    return this.#positions[at]!;
  }

  #findSpans(at: number): readonly Span[] {
    const owner = ownerOf(this.#options.spec, at);
    return this.#options.layout.spans.filter(({ deviceIndex }) => deviceIndex === owner);
  }

  #create(at: number): VirtioMem {
    const { spec, isMigrating, steps } = this.#options;
    const { blockPages, memslotBlocks } = spec.vmem[at]!;
    const [first] = this.#spans[at]!;
    assert(first !== undefined, 'a device has a section');
    const { block, firstGfn } = first.section;
    return createVirtioMem(
      {
        name: `m${at}`,
        block,
        firstGfn,
        blockPages,
        requestedPages: block.pageCount,
        scaled: true,
        host: this.#hostOf(at),
        events: this.#eventsOf(at),
        isMigrating,
        ...(memslotBlocks !== undefined && { memslots: { blocksPerMemslot: memslotBlocks, host: this.#memslotsOf(at) } }),
      },
      steps,
    );
  }

  /** The RAM of a source that has not joined is not its own to free. */
  #hostOf(at: number): Pick<Host, 'discard' | 'regime'> {
    const { host } = this.#options;
    return {
      regime: host.regime,
      discard: (range, side) => (this.hasJoined(at) ? host.discard(range, side) : 0),
    };
  }

  #eventsOf(at: number): PlugEvents {
    const { plug } = this.#options.instance;
    const listener = (): PlugEvents => (this.hasJoined(at) ? plug : NO_LISTENER);
    const changed = ({ block, firstPage, endPage }: PageRange): void => {
      if (this.hasJoined(at)) this.#announce(block, firstPage, endPage);
    };
    return {
      slotAdded: (source, range) => listener().slotAdded(source, range),
      willPlug: (source, range) => listener().willPlug(source, range),
      plugAborted: (source, range) => listener().plugAborted(source, range),
      plugged: (source, range) => {
        changed(range);
        listener().plugged(source, range);
      },
      willUnplug: (source, range) => listener().willUnplug(source, range),
      unplugAborted: (source, range) => listener().unplugAborted(source, range),
      discarded: (source, range) => listener().discarded(source, range),
      unplugged: (source, range) => {
        changed(range);
        listener().unplugged(source, range);
      },
      willUnplugAll: (source, range) => listener().willUnplugAll(source, range),
      discardedAll: (source, range) => listener().discardedAll(source, range),
      loaded: (source, range, plugged) => listener().loaded(source, range, plugged),
    };
  }

  /** A memslot is a section of the guest first, then devices follow it; a refusal leaves nothing of it. */
  #memslotsOf(at: number): MemslotHost {
    const { memory, memslots } = this.#options;
    const sectionOf = (index: number): Section => this.#spans[at]!.find(({ memslotIndex }) => memslotIndex === index)!.section;
    return {
      activate: (index) => {
        const section = sectionOf(index);
        memory.addSection(section);
        const status = memslots.show(section);
        if (status !== 0) memory.removeSection(section);
        return status;
      },
      deactivate: (index) => {
        memslots.hide(sectionOf(index));
        memory.removeSection(sectionOf(index));
      },
    };
  }

  /** One event per run of equal state. */
  #announce(block: RamBlock, firstPage: number, endPage: number): void {
    for (let first = firstPage; first < endPage; ) {
      const state = this.#isPlugged(block, first);
      let end = first + 1;
      while (end < endPage && this.#isPlugged(block, end) === state) end += 1;
      this.#options.onChange({ block, firstPage: first, endPage: end }, state);
      first = end;
    }
  }

  /** Whether every source of the block that has joined says so. */
  #isPlugged(block: RamBlock, page: number): boolean {
    for (let at = 0; at < this.#joined.length; at += 1) {
      if (this.#joined[at] === 0 || this.blockOf(at) !== block) continue;
      if (!this.devices[at]!.isPlugged(page, page + 1)) return false;
    }
    return true;
  }
}
