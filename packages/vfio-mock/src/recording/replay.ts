// SPDX-License-Identifier: MIT
/**
 * Replays a recording on the model: one process, at most one open container, one device. Each operation yields the
 * fields the model would have recorded; the caller compares.
 *
 * Lifecycle: lines in order. A line answers `undefined` when it is no operation (comments, counters, environment) or
 * when the recorder had no backend open. Source: the recordings of this package; docs/recording-format.md.
 */
import { ERRNO, type Status, statusText } from '@sda-lab/guest-memory';
import type { BackendId, KernelVersion } from '../backend-id.ts';
import type { BackendTraits } from '../backend-traits.ts';
import { createContainer } from '../create-container.ts';
import { type Geometry, PAGE } from '../geometry.ts';
import type { IommuContainer } from '../iommu-container.ts';
import { KERNEL_KNOBS } from '../kernel-knobs.ts';
import { ProcessAccount } from '../process-account.ts';
import { checkMockMap } from './check-mock-map.ts';
import * as calls from './container-calls.ts';
import { describeInfo } from './describe-info.ts';
import { FrameNames } from './frame-names.ts';
import { hex } from './hex.ts';
import { fallocate, setAttributes } from './guest-memfd-calls.ts';
import {
  type Advice,
  GUEST_MEMFD,
  MEMFD,
  type MemoryKind,
  ProcessMemory,
  regionAddress,
} from './process-memory.ts';
import { RECORDED_BACKENDS, type RecordedLine } from './recorded-line.ts';
import { type BouncePolicy, RecordedDevice } from './recorded-device.ts';
import { readWord, writeWord } from './words.ts';

/** Values as recordings write them. */
export type Answer = Readonly<Record<string, unknown>>;

export interface ReplayOptions {
  readonly kernel: KernelVersion;
  /** Of the machine recorded, for backends with an IOMMU. */
  readonly geometry?: Geometry;
  /** @defaultValue 'once' */
  readonly bounce?: BouncePolicy;
  /** Planted behaviour per backend. */
  readonly traits?: (backend: BackendId) => Partial<BackendTraits>;
}

/** RLIMIT_MEMLOCK of a process whose recording never set it: 8 MiB, the kernel's default. */
const DEFAULT_MEMLOCK_PAGES = 2048;
const DEFAULT_ENTRY_LIMIT = 65535;
const UNLIMITED_BYTES = 1n << 63n;
/** guest_memfd maps are recorded without a size. */
const GUEST_MEMFD_MAP_BYTES = PAGE;

export class Replay {
  readonly #options: ReplayOptions;
  readonly #memory: ProcessMemory;
  readonly #names: FrameNames;
  readonly #account = new ProcessAccount({ limitPages: DEFAULT_MEMLOCK_PAGES, capIpcLock: true });
  #entryLimit = DEFAULT_ENTRY_LIMIT;
  #container: IommuContainer | undefined = undefined;
  #device: RecordedDevice | undefined = undefined;
  /** A recorder may fail to open a backend; what follows says nothing then. */
  #isAbsent = false;
  #lostBounce = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#memory = new ProcessMemory(KERNEL_KNOBS[options.kernel].readPinBreaksCow);
    this.#names = new FrameNames(this.#memory.frames);
  }

  /** Whether the recorder's way with its bounce page mattered anywhere. */
  get lostBounce(): boolean {
    return this.#lostBounce;
  }

  step(line: RecordedLine): Answer | undefined {
    switch (line.op) {
      case 'mem':
      case 'backend':
      case 'close':
      case 'limit':
      case 'rlimit':
      case 'dropcap':
      case 'kvm':
      case 'kvmclose':
        this.#setUp(line);
        return undefined;
      case 'map':
      case 'mapv':
      case 'mapf':
      case 'gmapf':
      case 'unmap':
      case 'unmapall':
      case 'dmar':
      case 'dmaw':
      case 'check':
      case 'info':
        return this.#isAbsent ? undefined : this.#onContainer(line);
      case 'attr':
      case 'galloc':
      case 'gpunch':
      case 'gmmap':
        return this.#onGuestMemfd(line);
      default:
        return this.#onMemory(line);
    }
  }

  #setUp(line: RecordedLine): void {
    const isDone = line.value('errno') === '0';
    switch (line.op) {
      case 'mem':
        if (isDone) this.#memory.replace(line.string('kind') as MemoryKind, Number(line.bigint('size')));
        return;
      case 'backend':
        this.#close();
        this.#isAbsent = !isDone;
        if (isDone) this.#open(line.string('kind') as keyof typeof RECORDED_BACKENDS);
        return;
      case 'close':
        this.#close();
        return;
      case 'limit':
        if (isDone) this.#entryLimit = Number(line.has('now') ? line.bigint('now') : line.bigint('arg'));
        return;
      case 'rlimit': {
        const bytes = line.bigint('now');
        this.#account.limitPages = bytes >= UNLIMITED_BYTES ? Infinity : Number(bytes / PAGE);
        return;
      }
      case 'dropcap':
        if (isDone) this.#account.capIpcLock = line.value('arg') === 'restore';
        return;
      default:
        this.#memory.hasGuestMemfd = line.op === 'kvm' && isDone;
    }
  }

  #open(kind: keyof typeof RECORDED_BACKENDS): void {
    const backend = RECORDED_BACKENDS[kind];
    const { geometry } = this.#options;
    const hasIommu = kind !== 'mock' && kind !== 'ioas' && !kind.startsWith('vfio-user');
    this.#container = createContainer(backend, {
      memory: this.#memory,
      account: this.#account,
      kernel: this.#options.kernel,
      dmaEntryLimit: this.#entryLimit,
      ...(hasIommu && geometry !== undefined ? { geometry } : {}),
      traits: this.#options.traits?.(backend) ?? {},
    });
    this.#device = new RecordedDevice(this.#container, this.#memory, this.#options.bounce ?? 'once');
  }

  #close(): void {
    this.#container?.close();
    this.#container = undefined;
    this.#device = undefined;
    this.#isAbsent = false;
  }

  #onContainer(line: RecordedLine): Answer {
    const container = this.#container;
    const device = this.#device;
    if (container === undefined || device === undefined) {
      return line.fail('op', `"${line.op}" needs an open backend, but no "backend" line opened one`);
    }
    switch (line.op) {
      case 'unmap': {
        const { status, size } = calls.unmap(container, line.bigint('iova'), line.bigint('size'));
        return { errno: errnoText(status), [status === 0 ? 'unmapped' : 'size_after']: hex(size) };
      }
      case 'unmapall': {
        const { status, size } = calls.unmapAll(container);
        return { errno: errnoText(status), unmapped: hex(size) };
      }
      case 'dmar': {
        const { status, value } = device.read(line.bigint('iova'));
        this.#lostBounce ||= device.lostBounce;
        return status === 0 ? { errno: '0', val: hex(value) } : { errno: errnoText(status) };
      }
      case 'dmaw': {
        const status = device.write(line.bigint('iova'), line.bigint('val'));
        this.#lostBounce ||= device.lostBounce;
        return { errno: errnoText(status) };
      }
      case 'check': {
        const [iova, size, off] = ['iova', 'size', 'off'].map((name) => line.bigint(name));
        const address = regionAddress(off!);
        return { errno: errnoText(checkMockMap(container, this.#memory, iova!, size!, address)) };
      }
      case 'info':
        return describeInfo(container);
      default:
        return this.#map(container, line);
    }
  }

  #map(container: IommuContainer, line: RecordedLine): Answer {
    const prot = line.has('prot') ? line.string('prot') : 'rw';
    const anywhere = prot.endsWith('a');
    const rights = (prot.includes('r') ? 1 : 0) | (prot.includes('w') ? 2 : 0);
    const iova = line.bigint('iova');
    const size = line.has('size') ? line.bigint('size') : GUEST_MEMFD_MAP_BYTES;
    const common = { iova, size, rights, anywhere };
    const start = line.has('off') ? line.bigint('off') : 0n;
    const mapped =
      line.op === 'map' || line.op === 'mapv'
        ? calls.mapUser(container, {
            ...common,
            va: line.op === 'mapv' ? line.bigint('va') : regionAddress(start),
          })
        : calls.mapFile(container, { ...common, fd: line.op === 'mapf' ? MEMFD : GUEST_MEMFD, start });
    const isChosen = anywhere && mapped.status === 0;
    return { errno: errnoText(mapped.status), ...(isChosen ? { out_iova: hex(mapped.iova) } : {}) };
  }

  #onMemory(line: RecordedLine): Answer | undefined {
    const memory = this.#memory;
    switch (line.op) {
      case 'punch':
        return { errno: errnoText(memory.punch(line.bigint('off'), line.bigint('size'))) };
      case 'alloc':
        return { errno: errnoText(memory.allocate(line.bigint('off'), line.bigint('size'))) };
      case 'madv': {
        const advice = line.string('advice') as Advice;
        return { errno: errnoText(memory.advise(line.bigint('off'), line.bigint('size'), advice)) };
      }
      case 'w': {
        const isWritten = writeWord(memory, regionAddress(line.bigint('off')), line.bigint('val'));
        return { val: isWritten ? line.string('val') : 'no memory' };
      }
      case 'r': {
        const value = readWord(memory, regionAddress(line.bigint('off')));
        return { val: value === undefined ? 'no memory' : hex(value) };
      }
      case 'pfn':
        return this.#pfn(line);
      case 'locked':
        return { VmLck_kB: this.#account.lockedVm * 4, VmPin_kB: this.#account.pinnedVm * 4 };
      default:
        return undefined;
    }
  }

  #pfn(line: RecordedLine): Answer {
    const frame = this.#memory.entry(Number(line.bigint('off') / PAGE));
    if (frame === 0) return { present: 0, pfn: '0x0' };
    const recorded = line.string('pfn');
    if (line.value('present') !== 1) return { present: 1, pfn: 'some frame' };
    return { present: 1, pfn: this.#names.agree(frame, recorded) ? recorded : 'another frame' };
  }

  #onGuestMemfd(line: RecordedLine): Answer {
    if (line.op === 'gmmap') return { mmap_errno: 'ENODEV', pread_errno: 'ESPIPE' };
    if (!this.#memory.hasGuestMemfd) return { errno: errnoText(-ERRNO.EBADF) };
    const size = line.bigint('size');
    if (line.op === 'attr') return { errno: errnoText(setAttributes(line.bigint('gpa'), size)) };
    const kind = line.op === 'galloc' ? 'allocate' : 'punch';
    const fileBytes = BigInt(this.#memory.pageCount) * PAGE;
    return { errno: errnoText(fallocate(kind, line.bigint('off'), size, fileBytes)) };
  }
}

function errnoText(status: Status): string {
  return statusText(status).replace('-', '');
}
