// SPDX-License-Identifier: MIT
/**
 * Unit tests of a RamDiscardManager as data: what docs/unit-cases-format.md describes, after it was read and checked.
 * Offsets and sizes are bytes.
 */
import type { Status } from '@sda-lab/guest-memory';

/** P: a populate, D: a discard. */
export type CallKind = 'P' | 'D';

/** Offset and size; `null` is not compared. */
export type ExpectedRange = readonly [offset: number | null, size: number | null];
export type ExpectedCall = readonly [kind: CallKind, offset: number | null, size: number | null];
export type ExpectedTraceCall = readonly [
  listener: string,
  kind: CallKind,
  offset: number | null,
  size: number | null,
  status?: Status | null,
];

interface Range {
  readonly offset: number;
  readonly size: number;
}

interface Answered {
  readonly status: Status | undefined;
}

interface SourceNamed {
  readonly source: string;
}

interface ListenerNamed {
  readonly listener: string;
}

interface ReplayFields extends Range, Answered {
  readonly expect: readonly ExpectedRange[] | undefined;
  readonly totalBytes: number | undefined;
  readonly failAt: number | undefined;
}

interface ExpectFields extends ListenerNamed {
  readonly populates: number | undefined;
  readonly populatesAtLeast: number | undefined;
  readonly discards: number | undefined;
  readonly lastPopulate: ExpectedRange | undefined;
  readonly lastDiscard: ExpectedRange | undefined;
  readonly calls: readonly ExpectedCall[] | undefined;
}

/** The fields of each operation, `op` apart. */
export interface StepFields {
  readonly source: SourceNamed & { readonly granularity: number };
  readonly set: SourceNamed & Range;
  readonly clear: SourceNamed & Range;
  readonly add: SourceNamed & Answered;
  readonly del: SourceNamed & Answered;
  /** `failOnPopulate` 0: never. */
  readonly listen: ListenerNamed & Range & { readonly failOnPopulate: number };
  readonly unlisten: ListenerNamed;
  readonly reset: ListenerNamed;
  readonly populate: SourceNamed & Range & Answered;
  readonly discard: SourceNamed & Range & Answered;
  readonly discardAll: SourceNamed & Answered;
  readonly granularity: { readonly expect: number };
  readonly populated: Range & { readonly expect: boolean };
  readonly replayPopulated: ReplayFields;
  readonly replayDiscarded: ReplayFields;
  readonly expect: ExpectFields;
  readonly trace: { readonly expect: readonly ExpectedTraceCall[] };
  readonly manager: { readonly expect: boolean };
}

export type StepName = keyof StepFields;
export type Step<O extends StepName = StepName> = { [Each in O]: { readonly op: Each } & StepFields[Each] }[O];

export interface NumberedStep {
  /** Line of the file, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly step: Step;
}

export interface UnitCase {
  readonly id: string;
  readonly line: number;
  readonly regionBytes: number;
  readonly steps: readonly NumberedStep[];
}
