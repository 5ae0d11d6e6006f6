// SPDX-License-Identifier: MIT
import type { Host, Regime } from './host.ts';
import type { Instance } from './instance.ts';

/** How the VFIO container listener of the modelled QEMU version behaves. */
export interface ListenerProfile {
  /** After a refused map: one unmap over the complete run (QEMU), or nothing, the strategy undoes it by `done`. */
  readonly rollback: 'run' | 'none';
  /** The DMA-mapping limit check at attach: not made, only warned about (QEMU <= 10.0), or refusing (10.1 on). */
  readonly admission: 'off' | 'warn' | 'refuse';
  /**
   * Whether the refusal of a map is heard while sections come (attach, a section at run time). QEMU's vfio-user client
   * sends the maps of such a transaction without waiting, prints what is refused and goes on; backends with a kernel
   * always answer. False makes a difference on backends that pipeline transactions only. vfio-user came with QEMU 10.1;
   * designs of older versions never met it and are given a client that waits.
   */
  readonly awaitsAttach: boolean;
  /**
   * A section that comes at run time and is refused (a map of plain RAM, or the limit check): QEMU ends with hw_error,
   * or the refusal is returned to whoever added the section.
   */
  readonly refusedSection: 'exit' | 'return';
  /**
   * A container whose smallest IOMMU page is larger than the granule the design maps in: QEMU's listener asserts, which
   * aborts the VMM, or `subscribe` is asked and refuses. @defaultValue 'ask'
   */
  readonly fineGranule?: 'assert' | 'ask';
}

/** What a design does not offer is declared here; the suite skips it by name and tests the absence. */
export interface Capabilities {
  /** A virtio-mem device may own plugged state of a block that also has private pages. */
  readonly virtioMem: boolean;
  /** Whether dump and migration ask the design what there is; without, they read every page as plain RAM. */
  readonly views: boolean;
  /** Whether a device may be attached at all beside guest_memfd. */
  readonly assignment: boolean;
  /** `rebuild`: a confidential guest comes back all private. `shutdown`: reset ends the VM (QEMU <= 10.2). */
  readonly reset: 'rebuild' | 'shutdown';
  /**
   * Whether a consumer that wants both sides gets private pages mapped on their side (SEV-TIO). Without, such a consumer
   * is given its shared pages only. @defaultValue false
   */
  readonly tdisp?: boolean;
  readonly regimes: readonly Regime[];
}

/** One thing a design had to add; without it an invariant falls. */
export interface Addition {
  /** Switch name, `--without <id>`. */
  readonly id: string;
  /** One line: what the part does. */
  readonly what: string;
  /** Id of the invariant that falls without it; a claim that the ablation tests. */
  readonly guards: string;
}

/** Bits of state a design keeps per page, each by the name of what it says. */
export interface StateBits {
  /** Kept once per page of a block. */
  readonly perPage: readonly string[];
  /** Kept once more per page for each container, each section of the block that it follows, and each side it wants. */
  readonly perFollower: readonly string[];
  /** State the design asks of somebody who keeps it anyway. */
  readonly asked: readonly string[];
}

/** Code that used QEMU's RamDiscardManager before the design, and had to change for it. */
export interface ChangedUser {
  readonly file: string;
  readonly change: string;
}

/** What a design costs beside calls: data for the side-by-side table. */
export interface DesignCost {
  readonly stateBits: StateBits;
  /**
   * `owner.member`: what other code calls, implements or provides under the design. Making the object and finding it
   * at a region are left out; every design needs that.
   */
  readonly interfaceMembers: readonly string[];
  /** Those of them that RamDiscardManager had already and that take, promise or mean something else now. */
  readonly changedMembers: readonly string[];
  readonly changedUsers: readonly ChangedUser[];
  /** Where members and users are read. */
  readonly source: string;
}

/** One design in executable form. */
export interface Strategy {
  readonly id: string;
  /** One line for tables. */
  readonly title: string;
  /** What it models and from which source, for reports. */
  readonly source: string;
  /** Which discard coordination call guest_memfd blocks make (QEMU system/physmem.c). */
  readonly discardRequirement: 'require' | 'coordinated' | 'none';
  /** `first-section`: kvm_convert_memory as written, unclipped. `per-section`: every section of the request, clipped. */
  readonly requestPath: 'first-section' | 'per-section';
  readonly listener: ListenerProfile;
  readonly capabilities: Capabilities;
  readonly additions: readonly Addition[];
  readonly cost: DesignCost;
  /** A fresh instance. `without` holds ids of `additions`, checked by the caller. */
  create(host: Host, without: ReadonlySet<string>): Instance;
}
