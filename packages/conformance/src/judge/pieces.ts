// SPDX-License-Identifier: MIT
/**
 * Where to look next. A check that goes over pages looks at the first of a piece, which stands for all of it: up to the
 * nearest page at which anything changes that a check reads. In exact storage a piece is a page, so that the checks are
 * one piece of code for both.
 *
 * What is read: the side, marks, which operations and parts of them the page belongs to, which frames back it, what each
 * container maps and where it leads, who owns those frames. Over a piece, frames are of consecutive identity or none.
 */
import { blockPageOf, gfnOf, type Span } from '../world/layout.ts';
import { hugePagesOf } from './huge-page.ts';
import type { JudgeState } from './judge-state.ts';
import type { PageTable } from './page-table.ts';
import { endOfEqualIn, NO_RUNS, type PositionRun } from './position-run.ts';

/** Where the piece ends that begins at `first`; `end` at the latest. `cuts`: other runs that decide over pages. */
export function endOfPiece(state: JudgeState, span: Span, first: number, end: number, cuts: readonly PositionRun[] = NO_RUNS): number {
  const own = endOfEqualIn(state.positions, first, endOfEqualIn(state.aroundPositions, first, endOfEqualIn(cuts, first, end)));
  let at = endOfBacking(state, span, first, endOfMarks(state, first, own));
  for (const table of state.tables) at = endOfMapped(state, table, span, first, at);
  return at;
}

function endOfMarks({ plugged, pending, refusedOnce, wasDiscarded }: JudgeState, first: number, end: number): number {
  return plugged.endOfRun(first, pending.endOfRun(first, refusedOnce.endOfRun(first, wasDiscarded.endOfRun(first, end))));
}

/** By side, by the frames behind it, and by huge pages, which decide over each other's shared side. */
function endOfBacking({ memory }: JudgeState, span: Span, first: number, end: number): number {
  const { section, toPage } = span;
  const page = blockPageOf(span, first);
  const hugePages = hugePagesOf(span);
  const hugeEnd = hugePages === 1 ? end + toPage : Math.min(end + toPage, page - (page % hugePages) + hugePages);
  const sideEnd = memory.endOfSide(section, page, hugeEnd);
  const backedEnd = memory.endOfBacking(section.block, page, sideEnd);
  let count = backedEnd - page;
  for (const side of ['shared', 'private'] as const) {
    const frame = memory.backing(section.block, page, side);
    if (frame !== 0) count = memory.frames.endOfRun(frame, frame + count) - frame;
  }
  return first + count;
}

function endOfMapped({ memory }: JudgeState, table: PageTable, span: Span, first: number, end: number): number {
  let count = table.endOfRun(span, first, end) - first;
  const frame = table.mapped.get(first) === 0 ? 0 : table.reached(span, first);
  if (frame !== 0) count = memory.frames.endOfRun(frame, frame + count) - frame;
  return first + count;
}

/** Where a container stops to grant the same rights to pages, from the first one on. */
export function endOfRights({ container }: PageTable, span: Span, first: number, end: number): number {
  const gfn = gfnOf(span, first);
  return first + (container.endOfRun?.(gfn, gfn + end - first) ?? gfn + 1) - gfn;
}
