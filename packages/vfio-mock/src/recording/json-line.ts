// SPDX-License-Identifier: MIT
/**
 * Reads one line of JSON Lines: an object whose values are scalars or arrays, each with the column it stands at, so
 * that an error can point. Integers beyond 2^53 become bigint. Not covered: nested objects, which no recording has.
 */
import { RecordingError } from './recording-error.ts';

export type JsonValue = string | number | bigint | boolean | null | readonly JsonValue[];

export interface Field {
  readonly value: JsonValue;
  /** Counted from 1. */
  readonly column: number;
}

export type JsonLine = ReadonlyMap<string, Field>;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const WORDS: readonly (readonly [string, JsonValue])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\]*/y;

export function parseJsonLine(text: string, line: number): JsonLine {
  return new Reader(text, line).readLine();
}

class Reader {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  readLine(): JsonLine {
    const fields = new Map<string, Field>();
    this.#skipSpace();
    this.#expect('{', 'a JSON object, one per line');
    this.#skipSpace();
    while (!this.#take('}')) {
      if (fields.size > 0) {
        this.#expect(',', 'a comma or the closing brace');
        this.#skipSpace();
      }
      const keyAt = this.#at;
      const key = this.#readString('a quoted field name');
      if (fields.has(key)) this.#fail(`field "${key}" only once`, keyAt);
      this.#skipSpace();
      this.#expect(':', 'a colon after the field name');
      this.#skipSpace();
      const column = this.#at + 1;
      fields.set(key, { value: this.#readValue(), column });
      this.#skipSpace();
    }
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('the end of the line after the object', this.#at);
    return fields;
  }

  #readValue(): JsonValue {
    const next = this.#text[this.#at];
    if (next === '"') return this.#readString('a string');
    if (next === '[') return this.#readArray();
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#readNumber();
  }

  #readArray(): JsonValue {
    const values: JsonValue[] = [];
    this.#at += 1;
    this.#skipSpace();
    while (!this.#take(']')) {
      if (values.length > 0) {
        this.#expect(',', 'a comma or the closing bracket');
        this.#skipSpace();
      }
      values.push(this.#readValue());
      this.#skipSpace();
    }
    return values;
  }

  #readNumber(): JsonValue {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail('a value', this.#at);
    this.#at += found.length;
    const value = Number(found);
    return Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(found)
      ? BigInt(found)
      : value;
  }

  #readString(what: string): string {
    this.#expect('"', what);
    let text = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#text)![0];
      text += plain;
      this.#at += plain.length;
      if (this.#take('"')) return text;
      if (!this.#take('\\')) this.#fail('the closing quote of a string', this.#at);
      text += this.#readEscape();
    }
  }

  #readEscape(): string {
    const letter = this.#text[this.#at] ?? '';
    this.#at += 1;
    const simple = ESCAPES[letter];
    if (simple !== undefined) return simple;
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('an escape', this.#at - 1);
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #skipSpace(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string, what: string): void {
    if (!this.#take(character)) this.#fail(what, this.#at);
  }

  #fail(expected: string, at: number): never {
    const found = this.#text[at] === undefined ? 'the line ends' : `found ${JSON.stringify(this.#text[at])}`;
    throw new RecordingError(this.#line, at + 1, `expected ${expected}, ${found}`);
  }
}
