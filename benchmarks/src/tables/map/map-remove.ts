// SPDX-License-Identifier: MIT
import type { Table } from '../../harness/table.ts';
import { mapTable } from './cases.ts';

export const MAP_REMOVE: Table = mapTable('map-remove', 'IOVA map: remove a mapping', 1, (map, { pages }) => ({
  prepare: () => map.insertAll(pages),
  run: () => map.removeAll(pages),
}));
