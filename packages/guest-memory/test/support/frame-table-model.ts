// SPDX-License-Identifier: MIT
/*
 * The naive frame table: one object per frame, everything looked up by walking the list. `firstDisagreement` drives a
 * frame table and this model through the same operations and asks both everything after each.
 * Operations name frames by position among those the operation is legal for, so every shrink stays legal.
 */
import type { FrameTable, Side } from '@sda-lab/guest-memory';
import fc from 'fast-check';

export type FrameOperation =
  | { readonly op: 'allocate'; readonly owner: Side; readonly count: number }
  | { readonly op: 'pin' | 'unpin' | 'unback' | 'zero'; readonly at: number }
  | { readonly op: 'set-owner'; readonly at: number; readonly owner: Side }
  | { readonly op: 'write'; readonly at: number; readonly value: number; readonly offset: number };

/** Byte offsets the operations write to; 0 is stored apart from the others. */
const OFFSETS = [0, 8, 4095];

const side: fc.Arbitrary<Side> = fc.constantFrom('shared', 'private');
const at = fc.nat(1000);

export const frameOperations: fc.Arbitrary<FrameOperation[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ op: fc.constant('allocate' as const), owner: side, count: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('pin' as const, 'unpin' as const), at }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('unback' as const), at }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('zero' as const), at }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('set-owner' as const), at, owner: side }) },
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('write' as const),
        at,
        value: fc.integer({ min: 1, max: 0xffff }),
        offset: fc.constantFrom(...OFFSETS),
      }),
    },
  ),
  { maxLength: 40, size: 'max' },
);

interface ModelFrame {
  readonly id: number;
  generation: number;
  state: 'free' | 'backed' | 'orphan';
  pins: number;
  owner: Side;
  words: Map<number, number>;
}

class NaiveFrames {
  readonly frames: ModelFrame[] = [];
  readonly freed: ModelFrame[] = [];
  peak = 0;

  get live(): ModelFrame[] {
    return this.frames.filter(({ state }) => state !== 'free');
  }

  allocate(owner: Side): number {
    const frame = this.freed.pop() ?? this.#fresh();
    Object.assign(frame, { state: 'backed', owner, words: new Map(), generation: frame.generation + 1 });
    this.peak = Math.max(this.peak, this.live.length);
    return frame.id;
  }

  /** Frees what neither a backing nor a pin holds. */
  settle(frame: ModelFrame): void {
    if (frame.state !== 'orphan' || frame.pins > 0) return;
    frame.state = 'free';
    this.freed.push(frame);
  }

  #fresh(): ModelFrame {
    const frame: ModelFrame = {
      id: this.frames.length + 1,
      generation: 0,
      state: 'free',
      pins: 0,
      owner: 'shared',
      words: new Map(),
    };
    this.frames.push(frame);
    return frame;
  }
}

/** The first answer in which the table differs from the model, in words; undefined when none does. */
export function firstDisagreement(table: FrameTable, operations: readonly FrameOperation[]): string | undefined {
  const model = new NaiveFrames();
  for (const [index, operation] of operations.entries()) {
    const wrong = apply(table, model, operation) ?? difference(table, model);
    if (wrong !== undefined) return `operation ${index}, ${operation.op}: ${wrong}`;
  }
  return giveAllBack(table, model);
}

function apply(table: FrameTable, model: NaiveFrames, operation: FrameOperation): string | undefined {
  if (operation.op === 'allocate') {
    for (let n = 0; n < operation.count; n += 1) {
      const expected = model.allocate(operation.owner);
      const actual = table.allocate(operation.owner);
      if (actual !== expected) return `identity is ${actual} instead of ${expected}`;
    }
    return undefined;
  }
  const legal = model.live.filter(
    ({ state, pins }) =>
      (operation.op !== 'unpin' || pins > 0) && (operation.op !== 'unback' || state === 'backed'),
  );
  if (legal.length > 0) change(table, model, legal[operation.at % legal.length]!, operation);
  return undefined;
}

function change(
  table: FrameTable,
  model: NaiveFrames,
  frame: ModelFrame,
  operation: Exclude<FrameOperation, { op: 'allocate' }>,
): void {
  switch (operation.op) {
    case 'pin':
      frame.pins += 1;
      return table.pin(frame.id);
    case 'unpin':
      frame.pins -= 1;
      model.settle(frame);
      return table.unpin(frame.id);
    case 'unback':
      frame.state = 'orphan';
      model.settle(frame);
      return table.unback(frame.id);
    case 'zero':
      frame.words.clear();
      return table.zero(frame.id);
    case 'set-owner':
      frame.owner = operation.owner;
      return table.setOwner(frame.id, operation.owner);
    case 'write':
      frame.words.set(operation.offset, operation.value);
      return table.write(frame.id, operation.value, operation.offset);
  }
}

type Answer = number | string | boolean;

function difference(table: FrameTable, model: NaiveFrames): string | undefined {
  for (const [question, actual, expected] of answers(table, model)) {
    if (actual !== expected) return `${question} is ${actual} instead of ${expected}`;
  }
  return undefined;
}

/** Asked one by one: a table that frees too early must be caught before a free frame is read. */
function* answers(table: FrameTable, model: NaiveFrames): Generator<[string, Answer, Answer]> {
  const { live } = model;
  yield ['liveCount', table.liveCount, live.length];
  yield ['peakLiveCount', table.peakLiveCount, model.peak];
  yield ['orphanCount', table.orphanCount, live.filter(({ state }) => state === 'orphan').length];
  yield ['pinCount', table.pinCount, model.frames.reduce((sum, { pins }) => sum + pins, 0)];
  for (const { id, pins, generation, state } of model.frames) {
    yield [`pins of ${id}`, table.pins(id), pins];
    yield [`generation of ${id}`, table.generation(id), generation];
    yield [`isOrphan of ${id}`, table.isOrphan(id), state === 'orphan'];
  }
  for (const { id, owner, words } of live) {
    yield [`owner of ${id}`, table.owner(id), owner];
    for (const offset of OFFSETS) yield [`word ${offset} of ${id}`, table.read(id, offset), words.get(offset) ?? 0];
  }
}

/** Drops every backing, then every pin: all counters go back to zero. */
function giveAllBack(table: FrameTable, model: NaiveFrames): string | undefined {
  const { live } = model;
  const drops = live.flatMap((frame) => [
    ...(frame.state === 'backed' ? [{ frame, op: 'unback' as const }] : []),
    ...Array.from({ length: frame.pins }, () => ({ frame, op: 'unpin' as const })),
  ]);
  for (const { frame, op } of drops) {
    change(table, model, frame, { op, at: 0 });
    const wrong = difference(table, model);
    if (wrong !== undefined) return `giving back, ${op} of ${frame.id}: ${wrong}`;
  }
  const left = [table.liveCount, table.orphanCount, table.pinCount];
  return left.every((count) => count === 0) ? undefined : `at the end, liveCount and others are ${left.join(', ')}`;
}
