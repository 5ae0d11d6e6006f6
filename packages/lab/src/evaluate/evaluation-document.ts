// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { checkKernelEntries } from '../check-kernel/check-kernel-document.ts';
import { backendSchema, outcomeSchema, regimeSchema, verdictSchema } from '../conform/conform-document.ts';
import { findingSchema } from '../finding-document.ts';
import { costSchema } from '../replay/replay-document.ts';
import * as scenarios from './scenario-schemas.ts';

export const EVALUATION_SCHEMA_ID = 'sda-lab/evaluation@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const cellSchema = v.strictObject({
  backend: backendSchema,
  regime: regimeSchema,
  outcome: outcomeSchema,
  /** Some refused conversion stopped the VM. */
  stops: v.boolean(),
  unwitnessed: v.array(v.string()),
  broken: v.array(findingSchema),
  /** Of the swiotlb boot and its way back; null where the design attaches no device or has no such regime. */
  cost: v.nullable(costSchema),
});

const designSchema = v.strictObject({
  /** What had to be added, by the names of the switches that leave it out. */
  additions: v.strictObject({ count, switches: v.array(v.string()) }),
  stateBits: v.strictObject({
    /** Bits per page, in words. */
    formula: v.string(),
    /** The same in a guest of so many containers, each following so many sections of a block. */
    examples: v.array(v.strictObject({ containers: count, sections: count, bits: count })),
  }),
  interface: v.strictObject({
    count,
    /** What other code calls, implements or provides. */
    members: v.array(v.string()),
    /** Those that RamDiscardManager of QEMU 10.2 does not have. */
    added: v.array(v.string()),
    /** Those it has, which take, promise or mean something else now. */
    changed: v.array(v.string()),
  }),
  /** Users of RamDiscardManager that had to change. */
  changedUsers: v.array(v.strictObject({ file: v.string(), change: v.string() })),
  /** Where members and users are read. */
  source: v.string(),
});

const strategySchema = v.strictObject({
  id: v.string(),
  title: v.string(),
  source: v.string(),
  verdict: verdictSchema,
  notApplicable: v.boolean(),
  cells: v.array(cellSchema),
  cases: v.strictObject({ total: count, passed: count, failed: count, skipped: count }),
  properties: v.strictObject({ runs: count, commands: count }),
  /** What the design needs besides calls; the counts follow from the lists. */
  design: designSchema,
});

const ablationSchema = v.strictObject({
  id: v.string(),
  without: v.string(),
  what: v.string(),
  /** The invariant the design says this addition guards. */
  guards: v.string(),
  /** The invariant that falls without it; null: none was found. */
  falls: v.nullable(v.picklist(INVARIANTS)),
  alsoFalls: v.array(v.string()),
  case: v.nullable(v.string()),
  /** Shortened: no operation can be left out. */
  history: v.nullable(v.string()),
  replay: v.nullable(v.string()),
});

export const evaluationSchema = v.strictObject({
  schema: v.literal(EVALUATION_SCHEMA_ID),
  seed: count,
  runs: count,
  strategies: v.array(strategySchema),
  ablation: v.array(ablationSchema),
  scenarios: v.strictObject({
    sixSteps: scenarios.sixStepsSchema,
    lateHotplug: scenarios.lateHotplugSchema,
    swiotlb: scenarios.swiotlbSchema,
    virtioMem: scenarios.virtioMemSchema,
    refusal: scenarios.refusalSchema,
    unmapShape: scenarios.unmapShapeSchema,
    wholeGuest: scenarios.wholeGuestSchema,
    admission: scenarios.admissionSchema,
  }),
  recordings: v.strictObject({ ...checkKernelEntries, steps: scenarios.recordedStepsSchema }),
  /** One line per outcome, recording or switch that is not as expected. */
  differences: v.array(v.string()),
  matchesExpectations: v.boolean(),
});

export type EvaluationDocument = v.InferOutput<typeof evaluationSchema>;
export type EvaluationStrategy = EvaluationDocument['strategies'][number];
export type EvaluationCell = EvaluationStrategy['cells'][number];
export type AblationDocument = EvaluationDocument['ablation'][number];
