// SPDX-License-Identifier: MIT
/**
 * QEMU's listener on a bench: a door that writes one line per map or unmap call and refuses the calls a test names, and
 * a strategy of a few lines that replays what the test calls populated and forgets nothing.
 * Lines: `map 10+2 from 130 rw` (guest page, count, host page), `unmap 10+2`; `!` at the end of a refused one.
 */
import {
  ERRNO,
  GuestMemory,
  type Instance,
  type ListenerProfile,
  NO_PLUG_EVENTS,
  type RamBlock,
  type Section,
  type Status,
} from '@sda-lab/guest-memory';
import {
  ContainerListener,
  type ContainerListenerOptions,
  type ListenerCall,
  type ListenerSteps,
  type MappingDoor,
} from '@sda-lab/vfio-mock';

export interface Run {
  readonly first: number;
  readonly end: number;
}

export interface BenchOptions {
  readonly profile?: Partial<ListenerProfile>;
  readonly pipelinesTransactions?: boolean;
  readonly masksEnoent?: boolean;
  readonly dmaMaxMappings?: number;
  readonly steps?: ListenerSteps;
  readonly granulePages?: number;
  readonly isManaged?: (section: Section) => boolean;
  /** Leave out for the listener's own hw_error. */
  readonly exit?: (reason: string) => void;
}

export class TestDoor implements MappingDoor {
  done = 0;
  readonly lines: string[] = [];
  /** Ordinals, counted from 0 over all map calls, that are refused with -ENOMEM; `unmap` refuses every unmap. */
  readonly refusedMaps = new Set<number>();
  unmapStatus: Status = 0;
  mapCalls = 0;

  mapPages(iovaPage: number, hostPage: number, pageCount: number, granulePages: number, writable: boolean): Status {
    for (let at = 0; at < pageCount; at += granulePages) {
      const isRefused = this.refusedMaps.has(this.mapCalls);
      this.mapCalls += 1;
      const count = Math.min(granulePages, pageCount - at);
      this.lines.push(`map ${iovaPage + at}+${count} from ${hostPage + at} ${writable ? 'rw' : 'r'}${isRefused ? ' !' : ''}`);
      if (!isRefused) continue;
      this.done = at / granulePages;
      return -ERRNO.ENOMEM;
    }
    this.done = 0;
    return 0;
  }

  unmapPages(iovaPage: number, pageCount: number): Status {
    this.lines.push(`unmap ${iovaPage}+${pageCount}${this.unmapStatus === 0 ? '' : ' !'}`);
    return this.unmapStatus;
  }
}

export const HOST_PAGE = 0x3000_0000;

/** Two aliases of one managed block and a ROM: block pages [0,8) at guest page 32, [8,16) at 67, the ROM at 48. */
export class ListenerBench {
  readonly memory = new GuestMemory({ regime: 'two-backend', gfnCount: 128 });
  readonly coordination = this.memory.coordination;
  readonly door = new TestDoor();
  readonly calls: ListenerCall[] = [];
  readonly ram: RamBlock;
  readonly low: Section;
  readonly high: Section;
  readonly rom: Section;
  /** A managed section that is not in the address space yet. */
  readonly late: Section;
  /** The same without a manager. */
  readonly plain: Section;
  readonly options: ContainerListenerOptions;
  readonly listener: ContainerListener;
  readonly instance: Instance;
  granulePages: number;
  /** What the strategy shows: runs of populated block pages, by block. */
  readonly populated = new Map<RamBlock, readonly Run[]>();
  /** Whether the strategy hands refusals on (done right) or swallows them (stock). */
  heedsRefusals = true;
  /** Is given what the strategy's unmap of a section that goes was answered. */
  hearUnmap: (status: Status) => void = () => undefined;
  /** Fires after each call: where another operation may come in. */
  onCall: (call: ListenerCall) => void = () => undefined;

  constructor(options: BenchOptions = {}) {
    const { memory } = this;
    this.ram = memory.addBlock('ram', 16, true);
    const rom = memory.addBlock('rom', 2, false);
    const extra = memory.addBlock('late', 8, true);
    const extraPlain = memory.addBlock('plain', 8, false);
    this.low = { name: 'low', block: this.ram, firstPage: 0, pageCount: 8, firstGfn: 32, readonly: false };
    this.high = { name: 'high', block: this.ram, firstPage: 8, pageCount: 8, firstGfn: 67, readonly: false };
    this.rom = { name: 'rom', block: rom, firstPage: 0, pageCount: 2, firstGfn: 48, readonly: true };
    this.late = { name: 'late', block: extra, firstPage: 2, pageCount: 6, firstGfn: 90, readonly: false };
    this.plain = { name: 'plain', block: extraPlain, firstPage: 0, pageCount: 8, firstGfn: 100, readonly: false };
    for (const section of [this.low, this.high, this.rom]) memory.addSection(section);
    const { profile, exit, ...rest } = options;
    this.options = {
      name: 'c0',
      door: this.door,
      profile: { rollback: 'run', admission: 'refuse', awaitsAttach: true, refusedSection: 'return', ...profile },
      unmapShape: 'range',
      masksEnoent: options.masksEnoent ?? false,
      memslotCount: 10,
      dmaMaxMappings: options.dmaMaxMappings ?? 0,
      observe: (call) => {
        this.calls.push(call);
        this.onCall(call);
      },
      pipelinesTransactions: rest.pipelinesTransactions ?? false,
      ...(rest.steps === undefined ? {} : { steps: rest.steps }),
      ...(exit === undefined ? {} : { exit }),
      ...(rest.isManaged === undefined ? {} : { isManaged: rest.isManaged }),
    };
    this.listener = new ContainerListener(this.options);
    this.granulePages = options.granulePages ?? 4;
    this.instance = this.#createInstance();
  }

  attach(): Status {
    return this.listener.attach(this.memory.addressSpace, this.instance, this.coordination);
  }

  detach(): void {
    this.listener.detach(this.coordination);
  }

  addSection(section: Section): Status {
    this.memory.addSection(section);
    const status = this.listener.addSection(section, this.instance);
    if (status !== 0) this.memory.removeSection(section);
    return status;
  }

  removeSection(section: Section): void {
    this.listener.removeSection(section);
    this.memory.removeSection(section);
  }

  /** Lines of the door since the last `take`. */
  take(): string[] {
    return this.door.lines.splice(0);
  }

  #createInstance(): Instance {
    return {
      addBlock: () => 0,
      removeBlock: () => undefined,
      attachSource: () => -ERRNO.EBUSY,
      detachSource: () => -ERRNO.ENOENT,
      subscribe: (consumer, section) => {
        for (const { first, end } of clipped(this.populated.get(section.block) ?? [], section)) {
          const status = consumer.mapRun(section, 'shared', first, end - first, this.granulePages);
          if (status !== 0) return this.heedsRefusals ? status : 0;
        }
        return 0;
      },
      unsubscribe: (consumer, section) => {
        this.hearUnmap(consumer.unmapRun(section, 'shared', section.firstPage, section.pageCount));
      },
      convert: () => -ERRNO.EOPNOTSUPP,
      reset: () => 0,
      plug: NO_PLUG_EVENTS,
      runs: (block, _view, firstPage, endPage, emit) => {
        for (const run of clipped(this.populated.get(block) ?? [], { firstPage, pageCount: endPage - firstPage })) {
          const status = emit(run.first, run.end, 'shared');
          if (status !== 0) return status;
        }
        return 0;
      },
    };
  }
}

export function clipped(runs: readonly Run[], section: Pick<Section, 'firstPage' | 'pageCount'>): Run[] {
  const { firstPage, pageCount } = section;
  return runs
    .map(({ first, end }) => ({ first: Math.max(first, firstPage), end: Math.min(end, firstPage + pageCount) }))
    .filter(({ first, end }) => first < end);
}
