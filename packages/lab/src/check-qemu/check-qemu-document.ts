// SPDX-License-Identifier: MIT
import * as v from 'valibot';

export const CHECK_QEMU_SCHEMA_ID = 'sda-lab/check-qemu@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** How many, by name. */
const countsSchema = v.record(v.string(), count);

const fileSchema = v.strictObject({
  file: v.string(),
  /** Requests carried out by the model and compared. */
  requests: count,
  /** DMA messages, attributes and discards of QEMU that the model did as well, in the same place of the order. */
  messages: count,
  /** Requests that went otherwise. */
  mismatches: count,
  /** The first few mismatches. */
  first: v.array(
    v.strictObject({
      /** Of the first recorded line that differs, or of the request's end. */
      line: count,
      request: v.string(),
      /** What QEMU did or answered. */
      expected: v.string(),
      /** What the model does or answers. */
      got: v.string(),
    }),
  ),
  /** `requests` by what was asked. */
  asked: countsSchema,
  /** `messages` by kind. */
  effects: countsSchema,
  /** Recorded effects that are outside the model, by kind. */
  leftOut: countsSchema,
  /** Why nothing in the file can be compared. */
  skipped: v.optional(v.string()),
});

export const checkQemuSchema = v.strictObject({
  schema: v.literal(CHECK_QEMU_SCHEMA_ID),
  files: v.array(fileSchema),
  requests: count,
  messages: count,
  mismatches: count,
});

export type CheckQemuDocument = v.InferOutput<typeof checkQemuSchema>;
