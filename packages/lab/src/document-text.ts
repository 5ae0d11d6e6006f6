// SPDX-License-Identifier: MIT
/** A document as it goes to standard output or a file. Recordings may hold integers beyond 2^53: written as text. */
export function documentText(document: unknown): string {
  return `${JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`;
}
