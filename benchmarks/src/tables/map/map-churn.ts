// SPDX-License-Identifier: MIT
import type { Table } from '../../harness/table.ts';
import { mapTable } from './cases.ts';

/** Each run moves every mapping by a page, up and down in turns. */
export const MAP_CHURN: Table = mapTable('map-churn', 'IOVA map: remove one, insert one, in a full map', 2, (map, { pages, gaps }) => {
  map.insertAll(pages);
  let isMoved = false;
  return {
    run: () => {
      const done = isMoved ? map.churn(gaps, pages) : map.churn(pages, gaps);
      isMoved = !isMoved;
      return done;
    },
  };
});
