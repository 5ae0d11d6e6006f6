// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { verdictSchema } from '../conform/conform-document.ts';

export const REPLAY_SCHEMA_ID = 'sda-lab/replay@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const costSchema = v.strictObject({
  mapCalls: count,
  unmapCalls: count,
  notifications: count,
  peakMappings: count,
  peakFrames: count,
});

const stepSchema = v.strictObject({
  /** Counted from 1. */
  number: count,
  operation: v.string(),
  answer: v.string(),
  /** What happened inside, in order. `text` is for people; the other members depend on `kind`. */
  events: v.array(v.looseObject({ kind: v.string(), text: v.string() })),
});

export const replaySchema = v.strictObject({
  schema: v.literal(REPLAY_SCHEMA_ID),
  strategy: v.string(),
  without: v.array(v.string()),
  history: v.string(),
  steps: v.array(stepSchema),
  /** A refused conversion stopped the VM; what the judge found afterwards is latent. */
  stopped: v.boolean(),
  /** `unknown` only for a history without operations, and where `ended` says why. */
  verdict: verdictSchema,
  broken: v.array(
    v.strictObject({
      invariant: v.picklist(INVARIANTS),
      reach: v.picklist(['live', 'latent']),
      /** The step in which it was seen; 0: when the world was built, one past the last: when everything was detached. */
      step: count,
      explanation: v.string(),
    }),
  ),
  cost: costSchema,
  /**
   * Why nothing can be said of what came next: a design of one's own was ended before it was through (there are no steps
   * then), or an operation inside another one would have waited half done.
   */
  ended: v.optional(v.string()),
});

export type ReplayDocument = v.InferOutput<typeof replaySchema>;
