// SPDX-License-Identifier: MIT
/** The fields of one line, read one by one, each checked; what nobody read is refused at the end. */
import { UnitCaseError } from './unit-case-error.ts';

/** Returns the value typed, or undefined when it is none of its kind. */
export interface Kind<T> {
  readonly what: string;
  read(value: unknown): T | undefined;
}

/** May stand on every line and means nothing. */
const COMMENT = 'note';

export class Fields {
  readonly line: number;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #read = new Set<string>([COMMENT]);

  constructor(line: number, text: string) {
    this.line = line;
    this.#values = parseObject(line, text);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  optional<T>(name: string, kind: Kind<T>): T | undefined {
    this.#read.add(name);
    if (!this.has(name)) return undefined;
    const value = kind.read(this.#values[name]);
    if (value === undefined) this.fail(`"${name}" must be ${kind.what}, not ${JSON.stringify(this.#values[name])}`);
    return value;
  }

  required<T>(name: string, kind: Kind<T>): T {
    const value = this.optional(name, kind);
    if (value === undefined) this.fail(`it lacks the field "${name}", ${kind.what}`);
    return value;
  }

  /** Call when all fields of the line were asked for. */
  finish(): void {
    const unknown = Object.keys(this.#values).filter((name) => !this.#read.has(name));
    if (unknown.length === 0) return;
    const known = [...this.#read].filter((name) => name !== COMMENT);
    this.fail(`no field "${unknown[0]}" is known here; there are ${known.join(', ')}`);
  }

  fail(problem: string): never {
    throw new UnitCaseError(this.line, problem);
  }
}

function parseObject(line: number, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnitCaseError(line, `a JSON object per line is expected: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new UnitCaseError(line, `a JSON object per line is expected, not ${text.slice(0, 40)}`);
}
