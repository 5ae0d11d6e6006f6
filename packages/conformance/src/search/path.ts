// SPDX-License-Identifier: MIT
import { NO_PARENT, type StateTable } from './state-table.ts';

/** Indexes of the states from the first one to this one, both included. */
export function statesTo(table: StateTable, index: number): number[] {
  const states: number[] = [];
  for (let at = index; at !== NO_PARENT; at = table.parentOf(at)) states.push(at);
  return states.toReversed();
}

/** Transitions from the first state to this one, in the order they are taken. */
export function transitionsTo(table: StateTable, index: number): number[] {
  return statesTo(table, index)
    .slice(1)
    .map((state) => table.transitionOf(state));
}
