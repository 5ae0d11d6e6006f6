// SPDX-License-Identifier: MIT
/** A text that holds no unit cases; where, what was found, what would be right. */
export class UnitCaseError extends Error {
  override readonly name = 'UnitCaseError';
  readonly code = 'UNIT_CASE';
  /** Counted from 1. */
  readonly line: number;

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`);
    this.line = line;
  }
}
