// SPDX-License-Identifier: MIT
/** Every table, in the order of the report. */
import type { Table } from '../harness/table.ts';
import { BITMAP_TABLES } from './bitmap/bitmap-tables.ts';
import { MAP_CHURN } from './map/map-churn.ts';
import { MAP_INSERT } from './map/map-insert.ts';
import { MAP_LOOKUP } from './map/map-lookup.ts';
import { MAP_REMOVE } from './map/map-remove.ts';

export const TABLES: readonly Table[] = [...BITMAP_TABLES, MAP_INSERT, MAP_LOOKUP, MAP_REMOVE, MAP_CHURN];
