// SPDX-License-Identifier: MIT
import type { GfnRange } from '../gfn-range.ts';
import type { Side } from '../page.ts';
import type { PageRange } from '../ram-block.ts';
import type { Status } from '../status.ts';
import type { CostMeter } from './cost-meter.ts';

/** Whether one guest has two backings per page or one guest_memfd whose frames change owner. */
export type Regime = 'two-backend' | 'in-place';

/** A lock of a design's own, by the name that it gives it. */
export type Lock = string;

/** What a strategy can do to the machine. Each call is one primitive event, seen by the judge. */
export interface Host {
  readonly regime: Regime;
  /** Where a design counts what its algorithm costs on flat bitmaps; there when somebody wants to know. */
  readonly meter?: CostMeter | undefined;
  /** Whether somebody forbids discarding now: a device is attached, say (QEMU's ram_block_discard_is_disabled). */
  readonly isDiscardDisabled: boolean;
  /** KVM_SET_MEMORY_ATTRIBUTES over guest pages; frees and moves nothing. Two-backend regime only (-EINVAL else). */
  setAttributes(gfns: GfnRange, side: Side): Status;
  /**
   * In-place regime only (-EINVAL else): the guest_memfd frames of the range change owner. To private it refuses with
   * -EAGAIN while a frame in the range is pinned, and changes nothing then.
   */
  convertInPlace(range: PageRange, side: Side): Status;
  /** Frees what backs the range on one side (fallocate PUNCH_HOLE or madvise). Pins keep orphans alive. */
  discard(range: PageRange, side: Side): Status;
  /**
   * Takes a lock of the design's own, so that another operation that asks for it waits until `unlock`. False: somebody
   * else has it and the caller would wait; it has to return, having done nothing. A world runs on one thread, where
   * nobody can wait: it ends the operation that asked by a throw and runs it again when the lock is free, so no design
   * hears false there. Asked for twice by the same operation, a lock would be waited for without end: that is an error.
   */
  lock(lock: Lock): boolean;
  unlock(lock: Lock): void;
  /** The VMM gives up: exit(), abort(), hw_error(). Ends the world; `nonfatal` is then broken. */
  exit(reason: string): void;
}
