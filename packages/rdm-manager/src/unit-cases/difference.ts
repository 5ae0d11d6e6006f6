// SPDX-License-Identifier: MIT
/** What a step expected and what came, field by field; only fields that differ. Ready for JSON. */
export interface Difference {
  readonly expected: Readonly<Record<string, unknown>>;
  readonly got: Readonly<Record<string, unknown>>;
}

/** Collects the fields of one step that differ. */
export class Differences {
  readonly #expected: Record<string, unknown> = {};
  readonly #got: Record<string, unknown> = {};

  /** A null in `expected` is not compared; undefined asks nothing. */
  compare(field: string, expected: unknown, got: unknown): void {
    if (expected !== undefined && !agrees(expected, got)) this.add(field, expected, got);
  }

  add(field: string, expected: unknown, got: unknown): void {
    this.#expected[field] = expected;
    this.#got[field] = got;
  }

  get found(): Difference | undefined {
    return Object.keys(this.#expected).length === 0 ? undefined : { expected: this.#expected, got: this.#got };
  }
}

/** Lists member by member, as many on both sides. */
export function agrees(expected: unknown, got: unknown): boolean {
  if (expected === null) return true;
  if (!Array.isArray(expected)) return expected === got;
  return Array.isArray(got) && expected.length === got.length && expected.every((one, at) => agrees(one, got[at]));
}
