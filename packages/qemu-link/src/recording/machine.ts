// SPDX-License-Identifier: MIT
/**
 * The model's side of a replay: one guest's sections, QEMU 11.1's strategy over them, its virtio-mem devices and the
 * containers that follow the sections. It does a request as QEMU does, and every effect goes to the tape of that request.
 *
 * Lifecycle: created -> blocks, sections and virtio-mem devices, while the recorded QEMU starts -> per request `play`
 * with its tape, and inside it what the request asks for.
 *
 * Source: QEMU 11.1 as `multi-source-rdm`, `virtio-mem` and the container listener model it.
 * Not covered: memory itself (no frame is ever touched), vIOMMU regions, RAM that no manager follows.
 */
import {
  assert,
  convertMemory,
  ERRNO,
  GuestMemory,
  type Instance,
  PAGE_BYTES,
  type RamBlock,
  type Section,
  type Side,
  type Status,
} from '@sda-lab/guest-memory';
import { createVirtioMem, type MemslotHost, type VirtioMem, type VirtioMemOptions } from '@sda-lab/virtio-mem';
import { Containers } from './containers.ts';
import type { Backend } from './effect.ts';
import type { ModelParts } from './model-parts.ts';
import { type BlockFacts, RecordedHost } from './recorded-host.ts';
import type { Tape } from './tape.ts';

/** MMIO of the guest: half-open ranges of guest pages. */
export interface MmioRange {
  readonly firstGfn: number;
  readonly endGfn: number;
}

const page = BigInt(PAGE_BYTES);
const isMigrating = (): boolean => false;

export class Machine {
  readonly containers: Containers;
  mmio: readonly MmioRange[] = [];
  readonly #memory: GuestMemory;
  readonly #host: RecordedHost;
  readonly #instance: Instance;
  readonly #parts: ModelParts;
  /** Blocks that a manager follows. */
  readonly #managed = new Set<RamBlock>();
  #tape: Tape | undefined = undefined;

  /** `shows`: whether the recording shows what KVM and the kernel are told, and punches of shared files. */
  constructor(parts: ModelParts, shows: { readonly host: boolean; readonly sharedPunches: boolean }) {
    this.#parts = parts;
    // Only its address space and its blocks are used; no attribute is ever stored.
    this.#memory = new GuestMemory({ regime: 'two-backend', gfnCount: 1 });
    const { addressSpace } = this.#memory;
    const tape = (): Tape | undefined => this.#tape;
    const { host: isShown, sharedPunches: showsSharedPunches } = shows;
    const host = new RecordedHost({ addressSpace, tape, isShown, showsSharedPunches });
    this.#host = host;
    const instance = parts.strategy.create(host, new Set());
    this.#instance = instance;
    const blocks = (): readonly RamBlock[] => this.#memory.blocks;
    this.containers = new Containers({ parts, instance, tape, blocks, isFile: (block) => host.isFile(block) });
  }

  /** Sections of blocks that a manager follows; what lies outside them is not modelled. */
  get managedSections(): readonly Section[] {
    return this.#memory.addressSpace.sections.filter(({ block }) => this.#managed.has(block));
  }

  /** Whether a half-open range of guest addresses touches such a section. */
  isManaged(first: bigint, end: bigint): boolean {
    return this.managedSections.some(({ firstGfn, pageCount }) => {
      return BigInt(firstGfn) * page < end && first < BigInt(firstGfn + pageCount) * page;
    });
  }

  addBlock(name: string, pageCount: number, hasGuestMemfd: boolean, facts: BlockFacts): RamBlock {
    const block = this.#memory.addBlock(name, pageCount, hasGuestMemfd);
    this.#host.describe(block, facts);
    if (hasGuestMemfd) this.#managed.add(block);
    assert(this.#instance.addBlock(block) === 0, 'a replay has blocks that the strategy takes');
    return block;
  }

  nameGuestMemfd(block: RamBlock, id: number): void {
    this.#host.nameGuestMemfd(block, id);
  }

  addVirtioMem(options: Omit<VirtioMemOptions, 'host' | 'events' | 'isMigrating'>): VirtioMem {
    const ports = { host: this.#host, events: this.#instance.plug, isMigrating };
    const device = createVirtioMem({ ...options, ...ports }, this.#parts.deviceSteps);
    assert(this.#instance.attachSource(options.block, device) === 0, 'a device joins its block once');
    this.#managed.add(options.block);
    return device;
  }

  /** Sections of memslots that come and go with what is plugged. */
  memslotHost(firstGfn: number): MemslotHost {
    const sections = new Map<number, Section>();
    return {
      activate: (index, { block, firstPage, endPage }) => {
        const shown = { block, firstPage, pageCount: endPage - firstPage, firstGfn: firstGfn + firstPage };
        const section: Section = { name: `memslot ${index}`, readonly: false, ...shown };
        sections.set(index, section);
        this.addSection(section);
        return 0;
      },
      deactivate: (index) => {
        this.#removeSection(sections.get(index)!);
        sections.delete(index);
      },
    };
  }

  addSection(section: Section): void {
    this.#memory.addressSpace.add(section);
    if (this.#managed.has(section.block)) this.containers.addSection(section);
  }

  /** Carries something out against what was recorded of it. */
  play<T>(tape: Tape, work: () => T): T {
    this.#tape = tape;
    try {
      return work();
    } finally {
      this.#tape = undefined;
      tape.finish();
    }
  }

  attach(name: string, backend: Backend): void {
    this.containers.attach(name, backend, this.managedSections);
  }

  /** One conversion of the guest; a status other than 0 stops the VM. */
  convert(startBytes: bigint, sizeBytes: bigint, to: Side): Status {
    const isAligned = startBytes % page === 0n && sizeBytes % page === 0n && sizeBytes > 0n;
    if (isAligned && this.#meetsMmioFirst(startBytes, sizeBytes)) return to === 'shared' ? 0 : -ERRNO.EINVAL;
    return convertMemory(this.#memory, this.#instance, this.#parts.strategy.requestPath, startBytes, sizeBytes, to);
  }

  /** The VM is rebuilt; its slots are added again as private. */
  rebuild(slots: readonly { readonly gpa: bigint; readonly size: bigint }[]): void {
    this.#instance.reset();
    for (const { gpa, size } of slots) this.#host.emitAttributes(gpa, size, 'private');
  }

  /** The lowest thing a request overlaps decides; MMIO answers as a hole does. */
  #meetsMmioFirst(startBytes: bigint, sizeBytes: bigint): boolean {
    const firstGfn = Number(startBytes / page);
    const endGfn = Number((startBytes + sizeBytes) / page);
    const section = this.#memory.addressSpace.firstOverlap(firstGfn, endGfn);
    if (section === undefined) return false;
    const met = this.mmio.filter((range) => range.firstGfn < endGfn && firstGfn < range.endGfn);
    return met.some((range) => Math.max(range.firstGfn, firstGfn) < Math.max(section.firstGfn, firstGfn));
  }

  #removeSection(section: Section): void {
    this.containers.removeSection(section);
    this.#memory.addressSpace.remove(section);
  }
}
