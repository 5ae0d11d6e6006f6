// SPDX-License-Identifier: MIT
import * as v from 'valibot';

export const CHECK_RDM_SCHEMA_ID = 'sda-lab/check-rdm@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Fields of a step that differ. */
const fieldsSchema = v.record(v.string(), v.unknown());

const fileSchema = v.strictObject({
  file: v.string(),
  cases: count,
  /** Steps performed. */
  operations: count,
  /** Steps that went otherwise. */
  mismatches: count,
  /** The first few mismatches. */
  first: v.array(
    v.strictObject({
      case: v.string(),
      line: count,
      op: v.string(),
      /** What the case expects. */
      expected: fieldsSchema,
      /** What the manager did. */
      got: fieldsSchema,
      /** The lines of the case before it. */
      before: v.array(v.string()),
    }),
  ),
});

export const checkRdmSchema = v.strictObject({
  schema: v.literal(CHECK_RDM_SCHEMA_ID),
  files: v.array(fileSchema),
  cases: count,
  operations: count,
  mismatches: count,
});

export type CheckRdmDocument = v.InferOutput<typeof checkRdmSchema>;
