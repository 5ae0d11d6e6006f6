// SPDX-License-Identifier: MIT
import type { Table } from '../../harness/table.ts';
import { mapTable } from './cases.ts';

/** As many pages that are mapped as pages that are not. */
export const MAP_LOOKUP: Table = mapTable('map-lookup', 'IOVA map: look a page up, half of them mapped', 2, (map, { pages, gaps }) => {
  map.insertAll(pages);
  return { run: () => map.lookUpAll(pages) + map.lookUpAll(gaps) };
});
