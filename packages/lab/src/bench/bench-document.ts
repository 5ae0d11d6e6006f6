// SPDX-License-Identifier: MIT
import * as v from 'valibot';
import { BENCH_SIZES } from './bench-request.ts';

export const BENCH_SCHEMA_ID = 'sda-lab/bench@1';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.finite(), v.minValue(0));
const name = v.pipe(v.string(), v.nonEmpty());
const leftOut = v.strictObject({ name, reason: name });

/** Time against the baseline's of the same round: the median, and where it lies in 95 of 100 resampled sets of rounds. */
const ratio = { ratio: positive, low: positive, high: positive };

const rowSchema = v.strictObject({
  table: name,
  /** One question, asked of all its subjects. */
  case: name,
  subject: name,
  baseline: name,
  ...ratio,
  unit: v.literal('ns/operation'),
  /** The median of the rounds. */
  value: positive,
  rounds: count,
  /** What the subject holds after a run, where it knows. */
  bytes: v.nullable(count),
});

const caseSchema = v.strictObject({
  table: name,
  case: name,
  operations: v.pipe(count, v.minValue(1)),
  /** What every subject answered. */
  checksum: v.number(),
  /** The baseline against itself in the same rounds: how far from 1 this machine gets by itself. */
  noise: v.strictObject(ratio),
  leftOut: v.array(leftOut),
});

const workloadSchema = v.strictObject({
  id: name,
  what: name,
  strategy: name,
  backend: name,
  storage: v.picklist(['exact', 'run-length']),
  judge: v.boolean(),
  guestBytes: count,
  seconds: positive,
  /** Map and unmap calls of all containers. */
  calls: count,
  /** Entries that the event log would have. */
  events: count,
  eventsPerSecond: count,
  /** Peak resident set of the process that ran this and nothing else, Node itself included. */
  peakBytes: count,
  /** Over counts, costs and answers, equal for every way to store the guest. */
  checksum: v.number(),
  /** Null where no figure was promised. */
  budget: v.nullable(v.strictObject({ seconds: v.nullable(positive), bytes: v.nullable(count) })),
});

/** Of one operation, what the version's algorithm touches on flat bitmaps and what the kernel is asked. */
const metersSchema = v.strictObject({
  /** Words of 64 bits read by searches and tests. */
  bitmapWords: positive,
  /** Questions to another owner of state about a range (is_populated). */
  probes: positive,
  notifications: positive,
  /** Map and unmap calls. */
  ioctls: positive,
  iotlbSyncs: positive,
});

const growthSchema = v.strictObject({
  strategy: name,
  guestBytes: count,
  /** What is done: the same at every size. */
  pattern: name,
  operation: v.picklist(['convert', 'attach and detach']),
  operations: v.pipe(count, v.minValue(1)),
  /** Of one operation, our code on our bitmaps. */
  nanoseconds: positive,
  /** To the smallest guest, of the same round. */
  ...ratio,
  meters: metersSchema,
});

const bitmapSchema = v.strictObject({
  /** Which pages are set. */
  pages: name,
  guestBytes: count,
  bytes: count,
  flatBytes: count,
});

const machineSchema = v.strictObject({
  cpu: name,
  cores: count,
  memoryBytes: count,
  platform: name,
  compilers: v.array(v.strictObject({ source: name, compiler: v.nullable(name) })),
});

export const benchSchema = v.strictObject({
  schema: v.literal(BENCH_SCHEMA_ID),
  node: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+/)),
  size: v.picklist(BENCH_SIZES),
  /** Asked for; slow cases have fewer. */
  rounds: count,
  seed: count,
  machine: machineSchema,
  rows: v.array(rowSchema),
  cases: v.array(caseSchema),
  workloads: v.array(workloadSchema),
  growth: v.array(growthSchema),
  bitmaps: v.array(bitmapSchema),
  leftOut: v.array(leftOut),
  /** SHA-256 over all checksums and meters, by name: equal on every machine, whatever peers and compilers are there. */
  answers: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

export type BenchDocument = v.InferOutput<typeof benchSchema>;
export type BenchRow = v.InferOutput<typeof rowSchema>;
export type BenchCase = v.InferOutput<typeof caseSchema>;
export type BenchWorkload = v.InferOutput<typeof workloadSchema>;
export type BenchGrowth = v.InferOutput<typeof growthSchema>;
export type BenchMeters = v.InferOutput<typeof metersSchema>;
export type BenchBitmap = v.InferOutput<typeof bitmapSchema>;
export type BenchMachine = v.InferOutput<typeof machineSchema>;
export type BenchLeftOut = v.InferOutput<typeof leftOut>;
