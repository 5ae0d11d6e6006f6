// SPDX-License-Identifier: MIT
/** The user asked for something that cannot be done; the message is one line and says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
