// SPDX-License-Identifier: MIT
import { WORLD_BACKENDS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { findingSchema } from '../finding-document.ts';

export const CONFORM_SCHEMA_ID = 'sda-lab/conform@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const backendSchema = v.picklist(WORLD_BACKENDS);
export const regimeSchema = v.picklist(['two-backend', 'in-place']);
export const outcomeSchema = v.picklist(['holds', 'broken', 'stops', 'n-a', 'unknown']);
export const verdictSchema = v.picklist(['holds', 'broken', 'unknown']);

const strategySchema = v.strictObject({
  id: v.string(),
  title: v.string(),
  verdict: verdictSchema,
  /** No cell applied; `verdict` is `holds` then, and says nothing. */
  notApplicable: v.boolean(),
  backends: v.array(backendSchema),
  /** Distinct case ids, not id times world. */
  cases: v.strictObject({ total: count, passed: count, failed: count, skipped: count }),
  /** What the strategy's declared capabilities exclude. */
  skippedCases: v.array(v.string()),
  failedCases: v.array(v.string()),
  /** Histories the cases were run as: containers, refusals, virtio-mem beside, stop or retry. */
  worlds: count,
  properties: v.strictObject({ runs: count, commands: count }),
  cells: v.array(
    v.strictObject({
      backend: backendSchema,
      regime: regimeSchema,
      outcome: outcomeSchema,
      /** Some refused conversion stopped the VM. */
      stops: v.boolean(),
      /** Invariants that no run came near to breaking. */
      unwitnessed: v.array(v.string()),
    }),
  ),
  /** Only of a design of one's own. `ended`: why the suite did not come to its end, and the history under way then. */
  own: v.optional(
    v.strictObject({
      file: v.string(),
      limits: v.strictObject({ seconds: count, heapMiB: count }),
      ended: v.nullable(v.strictObject({ reason: v.string(), underWay: v.nullable(v.string()) })),
    }),
  ),
  /** First finding per backend, regime, invariant and reach. */
  failures: v.array(v.strictObject({ backend: backendSchema, regime: regimeSchema, ...findingSchema.entries })),
});

export const conformSchema = v.strictObject({
  schema: v.literal(CONFORM_SCHEMA_ID),
  seed: count,
  without: v.array(v.string()),
  strategies: v.array(strategySchema),
  /** One line per outcome that is not as expected. */
  differences: v.array(v.string()),
  /** Over the backends that were run; null where nothing is expected, which is with any `--without`. */
  matchesExpectations: v.nullable(v.boolean()),
});

export type ConformDocument = v.InferOutput<typeof conformSchema>;
export type ConformStrategy = ConformDocument['strategies'][number];
export type ConformFailure = ConformStrategy['failures'][number];
