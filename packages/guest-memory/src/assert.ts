// SPDX-License-Identifier: MIT
/** Thrown when something that must be true inside the lab is not; never for what a user got wrong. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Internal truth, stated as a fact: the message says what holds, not what went wrong. */
export function assert(condition: boolean, fact: string): asserts condition {
  if (!condition) throw new AssertionFailure(`assertion failed: ${fact}`);
}
