// SPDX-License-Identifier: MIT
export type RefusalCode =
  | 'block-not-power-of-two'
  | 'block-too-small'
  | 'requested-not-multiple'
  | 'requested-above-region'
  | 'placement-not-multiple'
  | 'placement-too-high'
  | 'region-not-multiple'
  | 'extent-not-page-count'
  | 'memslot-not-block-count'
  | 'memslot-too-small'
  | 'clean-slate-failed'
  | 'load-not-fresh'
  | 'request-not-sendable'
  | 'nested-request';

export interface RefusalDetails {
  readonly call: string;
  /** What was given, as `name = value`. */
  readonly value: string;
  /** What it had to be, as the end of a sentence: `must be ...`. */
  readonly limit: string;
  /** What to do instead, as an imperative. */
  readonly next: string;
}

/**
 * Thrown when the host's side uses the device in a way QEMU refuses as well (a property it will not realize with, a
 * size it will not take), or sends what no guest can send. What a guest may send gets an answer, never this.
 */
export class VirtioMemRefusal extends Error {
  override readonly name = 'VirtioMemRefusal';
  /** Stable; the text is not. */
  readonly code: RefusalCode;

  constructor(code: RefusalCode, details: RefusalDetails) {
    super(`${details.call}: ${details.value} ${details.limit}. Hint: ${details.next}.`);
    this.code = code;
  }
}
