// SPDX-License-Identifier: MIT
import type { Host, Regime } from './host.ts';
import type { Instance } from './instance.ts';

/** How the VFIO container listener of the modelled QEMU version behaves. */
export interface ListenerProfile {
  /** After a refused map: one unmap over the complete run (QEMU), or nothing, the strategy undoes it by `done`. */
  readonly rollback: 'run' | 'none';
  /** The DMA-mapping limit check at attach: not made, only warned about (QEMU <= 10.0), or refusing (10.1 on). */
  readonly admission: 'off' | 'warn' | 'refuse';
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

/** What a design costs beside calls: data for the side-by-side table. */
export interface DesignCost {
  /** Bits of state kept per page by the design itself, as a formula in words ("1 + 1 per container"). */
  readonly stateBitsPerPage: string;
  /** Members of the interface other QEMU code would program against. */
  readonly interfaceMembers: number;
  /** Existing RamDiscardManager users that must change. */
  readonly changedUsers: readonly string[];
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
