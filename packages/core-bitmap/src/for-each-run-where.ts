// SPDX-License-Identifier: MIT
/*
 * Runs where several bitmaps agree with what is asked of them: AND, AND NOT, any number. Where all bitmaps are large their
 * trees are walked together, where all are small their words are put together; else they leapfrog: each in turn jumps to its
 * next fitting bit. Keeps no state between runs. Does not cover OR; ask for the runs of the negations and
 * take the gaps.
 */
import { checkRange, MAX_BIT_COUNT } from './_internals/check.ts';
import { borrow, giveBack } from './_internals/joint.ts';
import { walkRunsWhere } from './_internals/runs-where.ts';
import { findSmall } from './_internals/small.ts';
import { smallBitsOf, treeOf } from './bitmap.ts';
import type { Condition } from './condition.ts';
import type { EmitBits } from './emit-bits.ts';

/**
 * Emits the maximal runs of the window at which every condition holds, ascending; without a condition the whole
 * window is one run. Returns 0, or what `emit` returned to stop. Refuses a window that does not lie inside
 * every bitmap.
 * @public
 */
export function forEachRunWhere(
  conditions: readonly Condition[],
  firstBit: number,
  endBit: number,
  emit: EmitBits,
): number {
  let limit = MAX_BIT_COUNT;
  for (const { bits } of conditions) limit = Math.min(limit, bits.bitCount);
  checkRange('forEachRunWhere', firstBit, endBit, limit);
  const agreed = smallBitsWhere(conditions);
  if (agreed !== undefined) return walkSmall(conditions, agreed, firstBit, endBit, emit);
  return conditions.length > 0 && areLarge(conditions)
    ? walkLarge(conditions, firstBit, endBit, emit)
    : leapfrog(conditions, firstBit, endBit, emit);
}

function areLarge(conditions: readonly Condition[]): boolean {
  for (const { bits } of conditions) {
    if (treeOf(bits) === undefined) return false;
  }
  return true;
}

function walkLarge(conditions: readonly Condition[], firstBit: number, endBit: number, emit: EmitBits): number {
  const joint = borrow();
  try {
    for (const { bits, is } of conditions) joint.add(treeOf(bits)!, is ? 0 : -1);
    return walkRunsWhere(joint, firstBit, endBit - 1, emit);
  } finally {
    giveBack(joint);
  }
}

function leapfrog(conditions: readonly Condition[], firstBit: number, endBit: number, emit: EmitBits): number {
  let from = firstBit;
  while (from < endBit) {
    const start = nextWhereAll(conditions, from, endBit);
    if (start === endBit) return 0;
    const end = nextWhereNotAll(conditions, start, endBit);
    const stop = emit(start, end);
    if (stop !== 0) return stop;
    from = end;
  }
  return 0;
}

/** `agreed` is where all conditions hold. */
function walkSmall(
  conditions: readonly Condition[],
  agreed: number,
  firstBit: number,
  endBit: number,
  emit: EmitBits,
): number {
  let fitting = agreed;
  let from = firstBit;
  while (from < endBit) {
    const start = findSmall(fitting, from, endBit, 0);
    if (start === endBit) return 0;
    from = findSmall(fitting, start, endBit, -1);
    const stop = emit(start, from);
    if (stop !== 0) return stop;
    // The callback may have changed any of the bitmaps.
    if (from < endBit) fitting = smallBitsWhere(conditions)!;
  }
  return 0;
}

/** Where all conditions hold; undefined when there is none, or some bitmap is not small. */
function smallBitsWhere(conditions: readonly Condition[]): number | undefined {
  if (conditions.length === 0) return undefined;
  let agreed = -1;
  for (const { bits, is } of conditions) {
    const word = smallBitsOf(bits);
    if (word === undefined) return undefined;
    agreed &= is ? word : ~word;
  }
  return agreed;
}

function nextWhereAll(conditions: readonly Condition[], fromBit: number, endBit: number): number {
  let at = fromBit;
  let turn = 0;
  for (let agreed = 0; agreed < conditions.length && at < endBit; agreed += 1) {
    const { bits, is } = conditions[turn]!;
    const next = is ? bits.nextSet(at, endBit) : bits.nextClear(at, endBit);
    if (next !== at) agreed = 0;
    at = next;
    turn = turn + 1 === conditions.length ? 0 : turn + 1;
  }
  return at;
}

function nextWhereNotAll(conditions: readonly Condition[], fromBit: number, endBit: number): number {
  let end = endBit;
  // Each bitmap is asked only up to where the ones before it have agreed.
  for (const { bits, is } of conditions) end = is ? bits.nextClear(fromBit, end) : bits.nextSet(fromBit, end);
  return end;
}
