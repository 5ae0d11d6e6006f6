// SPDX-License-Identifier: MIT
/** The tables of the bitmap, in the order of the report. */
import type { Table } from '../../harness/table.ts';
import { BITMAP_AND } from './both.ts';
import { BITMAP_CLASSIFY } from './classify.ts';
import { BITMAP_NEXT } from './next.ts';
import { BITMAP_POPCOUNT } from './popcount.ts';
import { BITMAP_REPLAY } from './replay.ts';
import { BITMAP_UPDATE } from './update.ts';
import { BITMAP_WINDOW } from './window.ts';

export const BITMAP_TABLES: readonly Table[] = [
  BITMAP_REPLAY,
  BITMAP_WINDOW,
  BITMAP_AND,
  BITMAP_CLASSIFY,
  BITMAP_UPDATE,
  BITMAP_NEXT,
  BITMAP_POPCOUNT,
];
