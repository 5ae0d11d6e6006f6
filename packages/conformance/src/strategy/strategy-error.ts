// SPDX-License-Identifier: MIT
/** Something is no design that the suite can run; the message names what is missing or wrong, and what would be right. */
export class StrategyError extends Error {
  override readonly name = 'StrategyError';
}
