// SPDX-License-Identifier: MIT
/** Values that a design handed over, as words; nothing about them can be trusted, not even that they print. */

const LONGEST = 200;

/** An answer or an argument, for a message. */
export function shown(value: unknown): string {
  if (isThenable(value)) return 'a promise (the ports are synchronous)';
  switch (typeof value) {
    case 'string':
      return cut(JSON.stringify(value));
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    default:
      return String(value);
  }
}

/** What was thrown, in one line. */
export function thrownText(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    return cut(text.replaceAll(/\s+/g, ' '));
  } catch {
    return 'something that cannot be printed';
  }
}

export function isThenable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'then' in value && typeof value.then === 'function';
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
