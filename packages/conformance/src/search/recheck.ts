// SPDX-License-Identifier: MIT
/**
 * Looks at some of the states a search met, evenly spread, and gets to each anew from the first state, without `load`:
 * its words must be the same. Words that leave something out, or that `load` does not bring back, show here.
 */
import { assert } from '@sda-lab/guest-memory';
import { transitionsTo } from './path.ts';
import type { SearchModel } from './search-model.ts';
import type { StateTable } from './state-table.ts';

export function recheckStates(model: SearchModel<unknown>, table: StateTable, wanted: number): void {
  const words = new Int32Array(model.wordCount);
  const count = Math.min(wanted, table.count);
  for (let at = 1; at <= count; at += 1) {
    const index = Math.floor((table.count * at) / count) - 1;
    model.reset();
    for (const transition of transitionsTo(table, index)) model.step(transition);
    model.store(words, 0);
    assert(table.isAt(index, words, 0), 'a state reached anew has the words it was found with');
  }
}
