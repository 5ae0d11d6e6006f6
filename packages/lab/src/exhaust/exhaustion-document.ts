// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { backendSchema, regimeSchema } from '../conform/conform-document.ts';
import { RUNG_IDS } from './ladder.ts';
import { VERDICTS } from './exhaust.ts';

export const EXHAUSTION_SCHEMA_ID = 'sda-lab/exhaustion@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const boundSchema = v.strictObject({
  rung: v.picklist(RUNG_IDS),
  pages: count,
  containers: count,
  blocks: count,
  faults: count,
  races: v.boolean(),
  regime: regimeSchema,
  /** Of the containers, in turn. */
  backends: v.array(backendSchema),
});

const searchSchema = v.strictObject({
  bound: boundSchema,
  /** Nothing within the bound is unexplored; a search that ended with what it was for is not complete. */
  complete: v.boolean(),
  states: count,
  transitions: count,
  /** The design without the mistake went through each history as well. */
  lockstep: v.boolean(),
});

const claimSchema = v.strictObject({
  kind: v.picklist(['addition', 'mutant']),
  /** The switch that leaves the addition out, or the mutant. */
  id: v.string(),
  /** The design without the mistake. */
  carrier: v.string(),
  what: v.string(),
  /** What is said to fall. */
  invariant: v.picklist(INVARIANTS),
  verdict: v.picklist(VERDICTS),
  /** Of `falls`: the end of the last search. */
  falls: v.nullable(
    v.strictObject({
      depth: count,
      history: v.string(),
      explanation: v.string(),
    }),
  ),
  /** Of `random`: a known history, and what it has that no bound has. */
  random: v.nullable(v.strictObject({ history: v.string(), reasons: v.pipe(v.array(v.string()), v.minLength(1)) })),
  searches: v.array(searchSchema),
});

export const exhaustionSchema = v.strictObject({
  schema: v.literal(EXHAUSTION_SCHEMA_ID),
  /** States of one search at most. */
  maxStates: count,
  /** Whether some of what was asked for was not looked at. */
  interrupted: v.boolean(),
  totals: v.strictObject(v.entriesFromList(VERDICTS, count)),
  claims: v.array(claimSchema),
});

export type ExhaustionDocument = v.InferOutput<typeof exhaustionSchema>;
export type ClaimDocument = ExhaustionDocument['claims'][number];
