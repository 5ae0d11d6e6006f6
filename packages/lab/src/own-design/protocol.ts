// SPDX-License-Identifier: MIT
/**
 * What the waiting thread and the Worker tell each other. A design runs in the Worker beside the code that reports on
 * it, so whatever comes from there is checked again before it is believed.
 */
import { type ConformanceReport, type Finding, INVARIANTS, WORLD_BACKENDS } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';
import * as v from 'valibot';
import { type ReplayDocument, replaySchema } from '../replay/replay-document.ts';
import type { Limits } from './limits.ts';

interface JobOnADesign {
  /** Absolute path of the module. */
  readonly file: string;
  /** The name the user gave, for messages. */
  readonly name: string;
  /** Ids it may not have, with who has them. */
  readonly taken: Readonly<Record<string, string>>;
  readonly without: readonly string[];
}

export interface ConformJob extends JobOnADesign {
  readonly kind: 'conform';
  readonly backends: readonly (typeof WORLD_BACKENDS)[number][];
  readonly runs: number;
  readonly seed: number;
}

export interface ReplayJob extends JobOnADesign {
  readonly kind: 'replay';
  /** In text form. */
  readonly history: string;
}

export type Job = ConformJob | ReplayJob;

/** What the Worker is started with. */
export interface WorkerData {
  readonly job: Job;
  readonly underWay: SharedArrayBuffer;
}

export interface Order {
  readonly job: Job;
  readonly limits: Limits;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const backend = v.picklist(WORLD_BACKENDS);
const regime = v.picklist(['two-backend', 'in-place']);
const invariant = v.picklist(INVARIANTS);

/** Loose: members that are not read here pass as they are. */
const findingSchema = v.looseObject({
  invariant,
  reach: v.picklist(['live', 'latent']),
  case: v.string(),
  backend,
  regime,
  seenIn: v.picklist(['state', 'answer']),
  onRefusal: v.picklist(['stop', 'retry']),
  history: v.string(),
  explanation: v.string(),
});

const reportSchema = v.looseObject({
  id: v.string(),
  verdict: v.picklist(['holds', 'broken', 'unknown']),
  notApplicable: v.boolean(),
  cells: v.array(
    v.looseObject({
      backend,
      regime,
      outcome: v.picklist(['holds', 'broken', 'stops', 'n-a', 'unknown']),
      stops: v.boolean(),
      broken: v.array(findingSchema),
      unwitnessed: v.array(v.string()),
    }),
  ),
  cases: v.looseObject({ total: count, passed: count, failed: count, skipped: count }),
  skippedCases: v.array(v.string()),
  failedCases: v.array(v.string()),
  worlds: count,
  properties: v.looseObject({ runs: count, commands: count }),
});

/** In this order: said* (refused | loaded (said | found | cell)* (reported | replayed | failed)). */
export type Message =
  /** Something the design printed. */
  | { readonly kind: 'said'; readonly text: string }
  /** It cannot be run at all: no module, no strategy, a wrong switch. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'loaded'; readonly id: string; readonly title: string; readonly regimes: readonly Regime[] }
  | { readonly kind: 'found'; readonly finding: Finding }
  /** A cell is done: a report over the cells so far. */
  | { readonly kind: 'cell'; readonly report: ConformanceReport }
  | { readonly kind: 'reported'; readonly report: ConformanceReport }
  | { readonly kind: 'replayed'; readonly document: ReplayDocument }
  /** The suite itself failed: a fault of the lab, or a design that changed what it runs on. */
  | { readonly kind: 'failed'; readonly reason: string };

const messageSchema = v.variant('kind', [
  v.strictObject({ kind: v.literal('said'), text: v.string() }),
  v.strictObject({ kind: v.literal('refused'), reason: v.string() }),
  v.strictObject({ kind: v.literal('loaded'), id: v.string(), title: v.string(), regimes: v.array(regime) }),
  v.strictObject({ kind: v.literal('found'), finding: findingSchema }),
  v.strictObject({ kind: v.literal('cell'), report: reportSchema }),
  v.strictObject({ kind: v.literal('reported'), report: reportSchema }),
  v.strictObject({ kind: v.literal('replayed'), document: replaySchema }),
  v.strictObject({ kind: v.literal('failed'), reason: v.string() }),
]);

/** The message, if it has the form of one. */
export function asMessage(value: unknown): Message | undefined {
  const { success, output } = v.safeParse(messageSchema, value);
  return success ? (output as Message) : undefined;
}
