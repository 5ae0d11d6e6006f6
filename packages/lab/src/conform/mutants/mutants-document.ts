// SPDX-License-Identifier: MIT
import { INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { backendSchema, regimeSchema } from '../conform-document.ts';

export const MUTANTS_SCHEMA_ID = 'sda-lab/mutants@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const mutantSchema = v.strictObject({
  id: v.string(),
  /** The invariant that falls by the mistake. */
  breaks: v.picklist(INVARIANTS),
  status: v.picklist(['killed', 'equivalent', 'survivor']),
  what: v.string(),
  where: v.picklist(['strategy', 'listener', 'virtio-mem', 'manager', 'conversion path']),
  source: v.string(),
  /** The design without the mistake. */
  carrier: v.string(),
  /** Of a killed one only, like the four below: case id, or `property seed=N`. */
  killedBy: v.exactOptional(v.string()),
  backend: v.exactOptional(backendSchema),
  regime: v.exactOptional(regimeSchema),
  history: v.exactOptional(v.string()),
  explanation: v.exactOptional(v.string()),
  /** Of an equivalent one only: why nothing observable changes. */
  proof: v.exactOptional(v.string()),
});

export const mutantsSchema = v.strictObject({
  schema: v.literal(MUTANTS_SCHEMA_ID),
  seed: count,
  mutants: v.strictObject({
    total: count,
    killed: count,
    equivalent: count,
    /** Ids; the suite is too weak for them. */
    survivors: v.array(v.string()),
    list: v.array(mutantSchema),
  }),
});

export type MutantsDocument = v.InferOutput<typeof mutantsSchema>;
export type MutantDocument = MutantsDocument['mutants']['list'][number];
