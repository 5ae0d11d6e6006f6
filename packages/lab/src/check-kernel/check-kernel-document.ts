// SPDX-License-Identifier: MIT
import { KERNEL_VERSIONS } from '@sda-lab/vfio-mock';
import * as v from 'valibot';

export const CHECK_KERNEL_SCHEMA_ID = 'sda-lab/check-kernel@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Fields of an answer as recordings write them. */
const answerSchema = v.record(v.string(), v.unknown());

const fileSchema = v.strictObject({
  file: v.string(),
  /** Given, or from the file's name, or the one whose model differs least. */
  kernel: v.picklist(KERNEL_VERSIONS),
  /** Operations compared. */
  operations: count,
  mismatches: count,
  /** The first few mismatches. */
  first: v.array(
    v.strictObject({
      line: count,
      op: v.string(),
      /** What the kernel answered. */
      expected: answerSchema,
      /** What the model answers. */
      got: answerSchema,
      /** The lines before it. */
      before: v.array(v.string()),
    }),
  ),
});

export const checkKernelEntries = {
  files: v.array(fileSchema),
  operations: count,
  mismatches: count,
};

export const checkKernelSchema = v.strictObject({
  schema: v.literal(CHECK_KERNEL_SCHEMA_ID),
  ...checkKernelEntries,
});

export type CheckKernelDocument = v.InferOutput<typeof checkKernelSchema>;
