// SPDX-License-Identifier: MIT

/**
 * A call named a bit, a range or a size outside the bitmap. The bitmap is unchanged.
 * @public
 */
export class BitRangeError extends RangeError {
  override readonly name: string = 'BitRangeError';
  readonly code: 'BIT_RANGE' = 'BIT_RANGE' as const;
  /** The refused call, for example `set`. */
  readonly call: string;
  /** What it was given, for example `[8, 3)`. */
  readonly value: string;
  /** What it would have taken, for example `0 <= firstBit <= endBit <= 64`. */
  readonly limit: string;
  /** What the caller can do about it. */
  readonly nextStep: string;

  constructor(call: string, value: string, limit: string, nextStep: string) {
    super(`${call}: ${value} is outside the limit ${limit}. ${nextStep}`);
    this.call = call;
    this.value = value;
    this.limit = limit;
    this.nextStep = nextStep;
  }
}
