// SPDX-License-Identifier: MIT
import type { Side } from '@sda-lab/guest-memory';
import type { Invariant, Reach } from './invariant.ts';

/** What a violation is about, as data; absent fields do not apply. */
export interface Evidence {
  /** Why, as a fixed word: one explanation text per reason. */
  readonly reason: Reason;
  readonly container?: string;
  readonly position?: number;
  /** Frame the device reaches, and the one that backs the page (0: none). */
  readonly deviceFrame?: number;
  readonly backingFrame?: number;
  /** The side on which a look showed the page. */
  readonly shownSide?: Side;
  /** What a copy of the page holds, absent when there is none, and what the page holds. */
  readonly heldValue?: number;
  readonly owedValue?: number;
  readonly detail?: string;
}

export type Reason =
  | 'stale-translation'
  | 'private-frame-reached'
  | 'mapped-after-discard'
  | 'too-many-rights'
  | 'not-mapped'
  | 'lingering-mapping'
  | 'mapping-over-nothing'
  | 'two-frames'
  | 'unplugged-frame'
  | 'orphan-pin'
  | 'counter-left'
  | 'refused-but-changed'
  | 'success-without-mapping'
  | 'success-without-change'
  | 'retry-refused'
  | 'retry-differs'
  | 'neither-order'
  | 'freed-while-mapped'
  | 'turned-private-while-mapped'
  | 'page-not-seen'
  | 'page-seen-wrongly'
  | 'page-invented'
  | 'wrong-copy'
  | 'dirty-sync-differs'
  | 'restored-guest-wrong'
  | 'viommu-accepted'
  | 'viommu-refused'
  | 'remap-differs'
  | 'private-not-mapped'
  | 'late-differs'
  | 'left-behind'
  | 'uncoordinated-discard'
  | 'illegal-call'
  | 'vmm-ended';

export interface Violation {
  readonly invariant: Invariant;
  readonly reach: Reach;
  /** Index of the operation in the history; the violation is seen inside it or at its end. */
  readonly operationIndex: number;
  readonly evidence: Evidence;
}
