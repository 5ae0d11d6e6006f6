// SPDX-License-Identifier: MIT
import type { Table } from '../../harness/table.ts';
import { mapTable } from './cases.ts';

/** Overlaps that are tried after each run, not few enough to go unnoticed. All is removed before each, one by one: warm. */
const TRIED = 64;

export const MAP_INSERT: Table = mapTable('map-insert', 'IOVA map: insert with overlap check', 1, (map, { pages }) => ({
  prepare: () => map.removeAll(pages),
  run: () => map.insertAll(pages) - map.insertAll(pages.subarray(0, TRIED)),
}));
