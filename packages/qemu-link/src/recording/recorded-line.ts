// SPDX-License-Identifier: MIT
/**
 * Lines of a recorded stream of a real QEMU: JSON objects, one per line, each with the source that wrote it (`src`)
 * and what happened (`ev`). docs/check-qemu.md lists the fields; those beyond are ignored, as are unknown events.
 */
import { ERRNO, type ErrnoName } from '@sda-lab/guest-memory';
import { RecordingError } from '@sda-lab/vfio-mock';

const HEX = /^0x[0-9a-f]{1,16}$/i;

export class RecordedLine {
  /** Counted from 1. */
  readonly number: number;
  readonly src: string;
  readonly ev: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(number: number, text: string) {
    this.number = number;
    this.#fields = parseObject(number, text);
    this.src = this.text('src');
    this.ev = this.text('ev');
  }

  /** Microseconds since the recorder began; NaN where the line does not say. */
  get us(): number {
    const us = this.#fields['us'];
    return typeof us === 'number' ? us : Number.NaN;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  /** An address or a size: a hex string, or a whole number that a double holds exactly. */
  address(name: string): bigint {
    const value = this.#fields[name];
    if (typeof value === 'string' && HEX.test(value)) return BigInt(value);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    return this.fail(name, 'a hex string such as "0x1000", at most 64 bits');
  }

  count(name: string): number {
    const value = this.#fields[name];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    return this.fail(name, 'a whole number');
  }

  countOr(name: string, fallback: number): number {
    return this.has(name) ? this.count(name) : fallback;
  }

  /** An errno: a number of either sign, or its name; 0 is none. Which one it is matters little, that it is one does. */
  errno(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== 'string') return Math.abs(this.count(name));
    if (value === '0') return 0;
    return Object.hasOwn(ERRNO, value) ? ERRNO[value as ErrnoName] : ERRNO.EIO;
  }

  text(name: string): string {
    const value = this.#fields[name];
    return typeof value === 'string' ? value : this.fail(name, 'a string');
  }

  /** A nested object, or undefined. */
  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#fields[name];
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  }

  /** The whole line, for messages to people. */
  toString(): string {
    return JSON.stringify(this.#fields);
  }

  fail(name: string, expected: string): never {
    const found = this.has(name) ? JSON.stringify(this.#fields[name]) : 'nothing';
    throw new RecordingError(this.number, 1, `"${name}" must be ${expected}, found ${found}`);
  }
}

/** All lines of a stream, a byte order mark before them or not; the first that is none is a RecordingError. */
export function parseRecording(text: string): RecordedLine[] {
  const lines = text.replace(/^\uFEFF/, '').split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new RecordingError(1, 1, 'a recording has at least one line');
  return lines.map((line, index) => new RecordedLine(index + 1, line));
}

function parseObject(number: number, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RecordingError(number, 1, `expected a JSON object, one per line: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new RecordingError(number, 1, 'expected a JSON object, one per line');
}
