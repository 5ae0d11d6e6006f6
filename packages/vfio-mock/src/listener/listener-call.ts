// SPDX-License-Identifier: MIT
import type { Section, Status } from '@sda-lab/guest-memory';

/**
 * What asked for a call: a strategy's run, the undoing of a refused run, region_add and region_del themselves, or the
 * remapping after the VMM was replaced.
 */
export type CallContext = 'run' | 'rollback' | 'attach' | 'detach' | 'remap';

/** One map or unmap request of the listener to the kernel, after it was answered. */
export interface ListenerCall {
  readonly kind: 'map' | 'unmap';
  readonly context: CallContext;
  readonly section: Section;
  readonly firstGfn: number;
  readonly pageCount: number;
  /** Pages per map call; equals pageCount for an unmap. */
  readonly granulePages: number;
  /** Kernel's answer, before QEMU turns any into success, and whether or not QEMU waits for it. */
  readonly status: Status;
  /** Granules mapped before a refusal; 0 for an unmap. */
  readonly doneGranules: number;
}
