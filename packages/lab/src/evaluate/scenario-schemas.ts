// SPDX-License-Identifier: MIT
/** What each scenario of the evaluation reports; the modules in `scenarios` fill these in. */
import * as v from 'valibot';
import { backendSchema, regimeSchema } from '../conform/conform-document.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** The row of one strategy on one backend in one regime. */
const place = { id: v.string(), backend: backendSchema, regime: regimeSchema };

const broken = v.array(v.strictObject({ invariant: v.string(), reach: v.picklist(['live', 'latent']) }));

export const sixStepsSchema = v.strictObject({
  history: v.string(),
  rows: v.array(
    v.strictObject({
      ...place,
      /** What the device's read brought: a value, or why there is none. */
      deviceRead: v.string(),
      /** What the guest wrote last. */
      guestWrote: v.string(),
      isSame: v.boolean(),
      broken,
    }),
  ),
});

export const lateHotplugSchema = v.strictObject({
  early: v.string(),
  late: v.string(),
  rows: v.array(
    v.strictObject({
      ...place,
      /** Answers of the two attaches. */
      attachedEarly: v.string(),
      attachedLate: v.string(),
      /** Mapped pages, as runs. */
      mappedEarly: v.string(),
      mappedLate: v.string(),
      /** Pages plugged and shared at the end. */
      due: v.string(),
      isSame: v.boolean(),
    }),
  ),
});

export const swiotlbSchema = v.strictObject({
  history: v.string(),
  pages: count,
  sharedPages: count,
  requests: count,
  /** dma_entry_limit of the main run, and how it comes about. */
  limit: count,
  limitIs: v.string(),
  rows: v.array(v.strictObject({ ...place, attached: v.string(), refusedRequests: count, stopped: v.boolean() })),
  /** The same boot on type1v2 with the kernel's default limit, for designs that map page by page. */
  defaultLimit: count,
  atDefaultLimit: v.array(
    v.strictObject({
      id: v.string(),
      attached: v.string(),
      /** Requests answered with 0, and the first other answer. */
      acceptedRequests: count,
      firstRefusal: v.nullable(v.string()),
      stopped: v.boolean(),
      /** Shared pages without a mapping at the end, if a device is attached. */
      unmappedPages: v.nullable(count),
    }),
  ),
});

export const virtioMemSchema = v.strictObject({
  history: v.string(),
  /** Operations after which the mapped pages of the device's region were counted. */
  operations: v.array(v.string()),
  rows: v.array(
    v.strictObject({
      ...place,
      /** Whether the design takes a virtio-mem beside private memory. */
      takesDevice: v.boolean(),
      /** Per operation: its answer, pages mapped and pages due; empty without a device. */
      steps: v.array(v.strictObject({ answer: v.string(), mapped: count, due: count })),
    }),
  ),
});

export const refusalSchema = v.strictObject({
  history: v.string(),
  rows: v.array(
    v.strictObject({
      ...place,
      onRefusal: v.picklist(['stop', 'retry']),
      /** What the guest's conversion was answered while one container refused. */
      answer: v.string(),
      stopped: v.boolean(),
      /** What lifting the fault and repeating the request answered. */
      healed: v.string(),
      /** Pages mapped in the end, in the container that agreed and in the one that refused, and pages due. */
      mappedInAgreeing: count,
      mappedInRefusing: count,
      due: count,
      broken,
    }),
  ),
});

export const unmapShapeSchema = v.strictObject({
  history: v.string(),
  pages: count,
  rows: v.array(
    v.strictObject({
      id: v.string(),
      backend: backendSchema,
      mapCalls: count,
      unmapCalls: count,
      /** Of those, calls the server refused. */
      refusedUnmapCalls: count,
      broken,
    }),
  ),
});

export const wholeGuestSchema = v.strictObject({
  pages: count,
  rows: v.array(
    v.strictObject({
      backend: backendSchema,
      /** null: the backend has none. */
      limit: v.nullable(count),
      mapped: count,
      /** Answer of the call that ended the mapping. */
      lastAnswer: v.string(),
      bookkeepingBytes: count,
    }),
  ),
});

export const admissionSchema = v.strictObject({
  pages: count,
  memslots: count,
  worstCase: count,
  rows: v.array(
    v.strictObject({
      backend: backendSchema,
      limit: v.nullable(count),
      admitted: v.boolean(),
      qemu100: v.picklist(['attaches', 'warns and attaches']),
      qemu101: v.picklist(['attaches', 'refuses the device']),
    }),
  ),
  /** The largest guest, with one section, that QEMU 10.1 and later admit at the default limit. */
  defaultLimit: count,
  largestAdmittedPages: count,
});

export const recordedStepsSchema = v.array(
  v.strictObject({
    /** Recordings whose steps read alike, the model's answers included. */
    files: v.array(v.string()),
    steps: v.array(
      v.strictObject({
        line: count,
        what: v.string(),
        real: v.string(),
        model: v.string(),
        isSame: v.boolean(),
        /** What the step shows; empty where nothing special. */
        shows: v.string(),
      }),
    ),
  }),
);

export type SixSteps = v.InferOutput<typeof sixStepsSchema>;
export type LateHotplug = v.InferOutput<typeof lateHotplugSchema>;
export type Swiotlb = v.InferOutput<typeof swiotlbSchema>;
export type VirtioMemStory = v.InferOutput<typeof virtioMemSchema>;
export type Refusal = v.InferOutput<typeof refusalSchema>;
export type UnmapShape = v.InferOutput<typeof unmapShapeSchema>;
export type WholeGuest = v.InferOutput<typeof wholeGuestSchema>;
export type Admission = v.InferOutput<typeof admissionSchema>;
export type RecordedSteps = v.InferOutput<typeof recordedStepsSchema>;
