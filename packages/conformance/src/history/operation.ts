// SPDX-License-Identifier: MIT
/**
 * The operations of a history, as data. Arguments are positions in the guest's world (page 0 is the first page of boot
 * RAM), never anything a strategy accepted, so one history means one guest for every strategy.
 *
 * A new operation is added here and in docs/histories.md first.
 */
import { ERRNO, type ErrnoName } from '@sda-lab/guest-memory';
import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** A virtio-mem request names at most this many blocks: its field has 16 bits. One past the device is answered ERROR. */
const MAX_BLOCKS = 65535;
const block = v.pipe(index, v.maxValue(MAX_BLOCKS));
const blockCount = v.pipe(count, v.maxValue(MAX_BLOCKS));
const container = v.pipe(v.string(), v.regex(/^c\d+$/));
/** Page number of an I/O virtual address behind a vIOMMU. */
const iova = v.pipe(index, v.maxValue(65535));
const device = v.pipe(v.string(), v.regex(/^m\d+$/));
const errno = v.picklist(Object.keys(ERRNO) as [ErrnoName, ...ErrnoName[]]);

/** Bytes of guest physical address space, up to 2^64-1: more than a JSON number holds. */
const bytes = v.pipe(v.string(), v.regex(/^0x(?:0|[1-9a-f][0-9a-f]{0,15})$/));

const PLAIN = [
  v.strictObject({ op: v.literal('convert'), page: index, count, to: v.picklist(['shared', 'private']) }),
  v.strictObject({ op: v.literal('request'), address: bytes, size: bytes, to: v.picklist(['shared', 'private']) }),
  v.strictObject({ op: v.literal('plug'), device, block, count: blockCount }),
  v.strictObject({ op: v.literal('unplug'), device, block, count: blockCount }),
  v.strictObject({ op: v.literal('unplug-all'), device }),
  v.strictObject({ op: v.literal('add-source'), device }),
  v.strictObject({ op: v.literal('del-source'), device }),
  v.strictObject({ op: v.literal('reset') }),
  v.strictObject({ op: v.literal('attach'), container }),
  v.strictObject({ op: v.literal('detach'), container }),
  v.strictObject({
    op: v.literal('refuse'),
    container,
    call: v.picklist(['map', 'unmap']),
    k: count,
    errno,
    /** Only the k-th call; without, every later one too. */
    once: v.optional(v.literal(true)),
  }),
  v.strictObject({ op: v.literal('heal') }),
  v.strictObject({ op: v.literal('dma'), container, page: index, access: v.picklist(['read', 'write']) }),
  v.strictObject({ op: v.literal('touch'), page: index }),
  v.strictObject({ op: v.literal('read'), page: index }),
  v.strictObject({ op: v.literal('balloon'), page: index, count }),
  v.strictObject({
    op: v.literal('migrate'),
    step: v.picklist(['start', 'finish', 'load']),
    /** Load only: the state of virtio-mem comes after the pages, not before them. */
    late: v.optional(v.literal(true)),
  }),
  v.strictObject({ op: v.literal('dump') }),
  v.strictObject({ op: v.literal('cpr'), container }),
  v.strictObject({ op: v.literal('viommu-map'), container, iova, page: index, count }),
  v.strictObject({ op: v.literal('viommu-unmap'), container, iova, count }),
] as const;

const plainSchema = v.variant('op', [...PLAIN]);

/** Runs an operation inside the one before it, right after so many of its events; one preemption, no deeper. */
const atSchema = v.strictObject({ op: v.literal('at'), event: count, operation: plainSchema });

export const operationSchema = v.variant('op', [...PLAIN, atSchema]);

/** `at(EVENT,OPERATION)`. */
export type NestedOperation = v.InferOutput<typeof atSchema>;
export type Operation = v.InferOutput<typeof operationSchema>;
export type OperationName = Operation['op'];
