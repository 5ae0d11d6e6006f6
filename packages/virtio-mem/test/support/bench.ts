// SPDX-License-Identifier: MIT
/**
 * A device on a bench: strategy and host are stubs that write one line per call and refuse what the test says.
 * A line is `name [first,end) blocks`: the pages named, and what the device answers for each block of them at that
 * moment (P plugged, u unplugged). That makes the OLD-state rule part of every golden list. Calls to a host have no
 * blocks, those about a memslot its index.
 */
import type { PageRange, PlugEvents, PlugSource, RamBlock, Regime, Side, Status } from '@sda-lab/guest-memory';
import { createVirtioMem, type DeviceSteps, type MemslotHost, type VirtioMem } from '../../src/index.ts';

export interface Faults {
  willPlug: Status;
  willUnplug: Status;
  willUnplugAll: Status;
  discardShared: Status;
  discardPrivate: Status;
  prealloc: Status;
  /** Of memslots with an odd index, so that a range can be refused after its first memslot. */
  activateOdd: Status;
  loaded: Status;
}

export interface BenchOptions {
  readonly blockCount?: number;
  readonly blockPages?: number;
  readonly requestedBlocks?: number;
  readonly extentPages?: number;
  readonly firstGfn?: number;
  readonly regime?: Regime;
  readonly hasGuestMemfd?: boolean;
  readonly steps?: DeviceSteps;
  /** 0: no dynamic memslots. */
  readonly blocksPerMemslot?: number;
  readonly hasPrealloc?: boolean;
  readonly isIncoming?: boolean;
}

export interface Bench {
  readonly device: VirtioMem;
  readonly block: RamBlock;
  readonly faults: Faults;
  migrating: boolean;
  /** Memslots its host was told to show. */
  readonly shown: Set<number>;
  /** What was called since the last `take`. */
  readonly take: () => string[];
  /** Runs inside each event, after its line was written. */
  inside: (event: string, source: PlugSource, range: PageRange) => void;
}

export const NO_FAULTS: Readonly<Faults> = {
  willPlug: 0,
  willUnplug: 0,
  willUnplugAll: 0,
  discardShared: 0,
  discardPrivate: 0,
  prealloc: 0,
  activateOdd: 0,
  loaded: 0,
};

export function createBench(options: BenchOptions = {}): Bench {
  const { blockCount = 8, blockPages = 4, requestedBlocks = 6, firstGfn = 1024 } = options;
  const { regime = 'two-backend', hasGuestMemfd = true, extentPages, blocksPerMemslot = 0 } = options;
  const pageCount = blockCount * blockPages;
  const block: RamBlock = { name: 'ram', pageCount, hostFirstPage: 0x7f0000000, hasGuestMemfd };
  const faults: Faults = { ...NO_FAULTS };
  const lines: string[] = [];
  const shown = new Set<number>();
  const events = createEvents(faults, (name, source, range) => {
    if (source !== bench.device) throw new Error('an event names the device as its source');
    lines.push(`${name} ${rangeText(range)} ${plugText(source, range)}`);
    bench.inside(name, source, range);
  });
  const host = {
    regime,
    discard(range: PageRange, side: Side): Status {
      lines.push(`discard-${side} ${rangeText(range)}`);
      return side === 'shared' ? faults.discardShared : faults.discardPrivate;
    },
  };
  const prealloc = (range: PageRange): Status => {
    lines.push(`prealloc ${rangeText(range)}`);
    return faults.prealloc;
  };
  const device = createVirtioMem(
    {
      name: 'vmem0',
      block,
      firstGfn,
      blockPages,
      requestedPages: requestedBlocks * blockPages,
      ...(extentPages === undefined ? {} : { extentPages }),
      ...(blocksPerMemslot === 0 ? {} : { memslots: { blocksPerMemslot, host: createMemslotHost(faults, lines, shown) } }),
      ...(options.hasPrealloc === true ? { prealloc } : {}),
      isIncoming: options.isIncoming ?? false,
      scaled: true,
      host,
      events,
      isMigrating: () => bench.migrating,
    },
    options.steps,
  );
  const bench: Bench = {
    device,
    block,
    faults,
    migrating: false,
    shown,
    take: () => lines.splice(0),
    inside: () => undefined,
  };
  return bench;
}

/** Refuses what it should not be asked: every memslot is inactive or active, in turns. */
function createMemslotHost(faults: Faults, lines: string[], active: Set<number>): MemslotHost {
  const changed = (index: number, isActive: boolean): void => {
    if (active.has(index) === isActive) throw new Error(`memslot ${index} is ${isActive ? '' : 'in'}active already`);
    if (isActive) active.add(index);
    else active.delete(index);
  };
  return {
    activate: (index, range) => {
      lines.push(`activate ${index} ${rangeText(range)}`);
      const status = index % 2 === 1 ? faults.activateOdd : 0;
      if (status === 0) changed(index, true);
      return status;
    },
    deactivate: (index, range) => {
      lines.push(`deactivate ${index} ${rangeText(range)}`);
      changed(index, false);
    },
  };
}

type Note = (name: string, source: PlugSource, range: PageRange) => void;

function createEvents(faults: Faults, note: Note): PlugEvents {
  return {
    slotAdded: (source, range) => note('slotAdded', source, range),
    willPlug: (source, range) => (note('willPlug', source, range), faults.willPlug),
    plugAborted: (source, range) => note('plugAborted', source, range),
    plugged: (source, range) => note('plugged', source, range),
    willUnplug: (source, range) => (note('willUnplug', source, range), faults.willUnplug),
    unplugAborted: (source, range) => note('unplugAborted', source, range),
    discarded: (source, range) => note('discarded', source, range),
    unplugged: (source, range) => note('unplugged', source, range),
    willUnplugAll: (source, range) => (note('willUnplugAll', source, range), faults.willUnplugAll),
    discardedAll: (source, range) => note('discardedAll', source, range),
    loaded: (source, range, plugged) => {
      const runs: string[] = [];
      plugged(range.firstPage, range.endPage, (firstPage, endPage) => {
        runs.push(rangeText({ firstPage, endPage }));
        return 0;
      });
      note(`loaded ${runs.join('')} of`, source, range);
      return faults.loaded;
    },
  };
}

export function rangeText(range: Pick<PageRange, 'firstPage' | 'endPage'>): string {
  return `[${range.firstPage},${range.endPage})`;
}

/** One character per device block of the range: P plugged, u unplugged. */
export function plugText(source: PlugSource, range: { firstPage: number; endPage: number }): string {
  let text = '';
  for (let page = range.firstPage; page < range.endPage; page += source.granulePages) {
    text += source.isPlugged(page, page + source.granulePages) ? 'P' : 'u';
  }
  return text;
}

/** The complete device, as plugText. */
export function stateText(device: VirtioMem): string {
  return plugText(device, { firstPage: 0, endPage: device.blockCount * device.granulePages });
}

/** One character per memslot: A active, - inactive. */
export function memslotText(device: VirtioMem): string {
  return Array.from({ length: device.memslotCount }, (_, at) => (device.isMemslotActive(at) ? 'A' : '-')).join('');
}
