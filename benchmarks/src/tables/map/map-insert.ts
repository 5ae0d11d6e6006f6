// SPDX-License-Identifier: MIT
import type { Table } from '../../harness/table.ts';
import { mapTable } from './cases.ts';

/** Overlaps that are tried after each run. */
const TRIED = 64;

/** Warm: what a run inserted was removed one by one just before the next. */
export const MAP_INSERT: Table = mapTable('map-insert', 'IOVA map: insert with overlap check', 1, (map, { pages }) => ({
  prepare: () => map.removeAll(pages),
  run: () => map.insertAll(pages) - map.insertAll(pages.subarray(0, TRIED)),
}));
