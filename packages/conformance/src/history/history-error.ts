// SPDX-License-Identifier: MIT
/** A history that cannot be read: says where, what stands there, and what would be right. */
export class HistoryError extends Error {
  override readonly name = 'HistoryError';
}
