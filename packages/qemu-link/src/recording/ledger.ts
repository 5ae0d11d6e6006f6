// SPDX-License-Identifier: MIT
/** What the comparison of one recording found so far. */
import type { EffectKind } from './effect.ts';
import type { Tape } from './tape.ts';

export interface Mismatch {
  /** Of the first recorded effect that differs, else of the request's end. */
  readonly line: number;
  /** What was asked, and where it ends in the recording. */
  readonly request: string;
  /** What QEMU did or answered. */
  readonly expected: string;
  /** What the model does or answers. */
  readonly got: string;
}

export interface QemuRecordingReport {
  /** Requests compared. */
  readonly requests: number;
  /** Effects of QEMU that were equal to the model's: DMA messages, attributes, discards. */
  readonly messages: number;
  /** Requests that differ. */
  readonly mismatches: number;
  /** The first few. */
  readonly first: readonly Mismatch[];
  /** Requests by what was asked. */
  readonly asked: Readonly<Record<string, number>>;
  /** Equal effects by kind. */
  readonly effects: Readonly<Record<string, number>>;
  /** Lines that are outside the model, by kind. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Why nothing of the recording can be compared. */
  readonly skipped?: string;
}

/** One request, or a step that is none, played to its end. */
export interface Played {
  /** In words; the mismatch shows it. */
  readonly request: string;
  /** What it counts as; absent for a step between requests. */
  readonly kind?: string;
  readonly endLine: number;
  readonly tape: Tape;
  /** Answers as text; absent where nobody is answered. */
  readonly answers?: { readonly recorded: string; readonly model: string };
}

const FIRST_MISMATCHES = 10;

export class Ledger {
  readonly #asked = new Map<string, number>();
  readonly #effects = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();
  readonly #first: Mismatch[] = [];
  #mismatches = 0;

  settle({ request, kind, endLine, tape, answers }: Played): void {
    if (kind !== undefined) add(this.#asked, kind, 1);
    for (const name of Object.keys(tape.matched) as EffectKind[]) add(this.#effects, name, tape.matched[name]);
    const { difference } = tape;
    if (difference !== undefined) this.mismatch({ request, ...difference });
    else if (answers !== undefined && answers.recorded !== answers.model) {
      this.mismatch({ request, line: endLine, expected: `answer ${answers.recorded}`, got: `answer ${answers.model}` });
    }
  }

  mismatch(mismatch: Mismatch): void {
    this.#mismatches += 1;
    if (this.#first.length < FIRST_MISMATCHES) this.#first.push(mismatch);
  }

  leaveOut(kind: string, count = 1): void {
    add(this.#leftOut, kind, count);
  }

  report(): QemuRecordingReport {
    return {
      requests: sum(this.#asked),
      messages: sum(this.#effects),
      mismatches: this.#mismatches,
      first: this.#first,
      asked: sorted(this.#asked),
      effects: sorted(this.#effects),
      leftOut: sorted(this.#leftOut),
    };
  }
}

function add(counts: Map<string, number>, name: string, count: number): void {
  if (count > 0) counts.set(name, (counts.get(name) ?? 0) + count);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
