// SPDX-License-Identifier: MIT
/**
 * Which calls of one operation are refused: at most one of each kind (maps and unmaps of each container), counted from
 * the beginning of the operation. A map is refused with ENOMEM, an unmap with EBUSY. Which of these sets come true in a
 * state, known-calls.ts knows.
 */
import { ERRNO } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { WorldContainer } from '../../world/world-container.ts';

const KINDS = ['map', 'unmap'] as const;
const ERRNOS = { map: 'ENOMEM', unmap: 'EBUSY' } as const;

/** By slot (2 * container + 0 for maps, + 1 for unmaps): the index of the refused call from 1, or 0. */
export type FaultSet = readonly number[];

/** The empty set first, then those of one refusal, and so on. */
export function faultSets(containerCount: number, mostFaults: number, mostCalls: number): FaultSet[] {
  const slotCount = 2 * containerCount;
  let sets: number[][] = [Array.from({ length: slotCount }, () => 0)];
  const all = [...sets];
  for (let faults = 1; faults <= Math.min(mostFaults, slotCount); faults += 1) {
    // Slots are filled in ascending order, so that no set comes twice.
    sets = sets.flatMap((set) => withOneMore(set, mostCalls));
    all.push(...sets);
  }
  return all;
}

function withOneMore(set: readonly number[], mostCalls: number): number[][] {
  const grown: number[][] = [];
  for (let slot = set.findLastIndex((index) => index > 0) + 1; slot < set.length; slot += 1) {
    for (let index = 1; index <= mostCalls; index += 1) grown.push(set.with(slot, index));
  }
  return grown;
}

/** Plans the refusals of a set; `heal` first. */
export function planFaults(containers: readonly WorldContainer[], set: FaultSet): void {
  for (let slot = 0; slot < set.length; slot += 1) {
    const kind = KINDS[slot & 1]!;
    if (set[slot] !== 0) containers[slot >> 1]!.kernel.faults.refuse(kind, set[slot]!, ERRNO[ERRNOS[kind]], true);
  }
}

/** The refusals of a set as operations of a history. */
export function refusalsOf(containers: readonly WorldContainer[], set: FaultSet): Operation[] {
  return set.flatMap((k, slot): Operation[] => {
    const call = KINDS[slot & 1]!;
    return k === 0 ? [] : [{ op: 'refuse', container: containers[slot >> 1]!.name, call, k, errno: ERRNOS[call], once: true }];
  });
}

/** Whether every planned refusal has come; each is planned once. */
export function allHit(containers: readonly WorldContainer[]): boolean {
  return containers.every(({ kernel }) => !kernel.faults.isPlanned);
}

/** Calls of one slot since the last heal. */
export function callsOf(containers: readonly WorldContainer[], slot: number): number {
  return containers[slot >> 1]!.kernel.faults.calls(KINDS[slot & 1]!);
}
