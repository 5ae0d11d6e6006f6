// SPDX-License-Identifier: MIT
/**
 * Steps of a conversion that are the same for every design that undoes what it could not finish; the order of the
 * steps is each design's own code. Building blocks for strategies; none of QEMU's designs has them.
 */
import type { ReadonlyBitmap } from '@sda-lab/core-bitmap';
import { otherSide, type Side } from './page.ts';
import type { Host } from './ports/host.ts';
import type { ConversionRequest } from './ports/instance.ts';
import type { PageRange } from './ram-block.ts';
import type { Status } from './status.ts';

/** Half-open run of block pages. */
export interface PageRun {
  readonly firstPage: number;
  readonly endPage: number;
}

/** The runs of a range that are clear in a bitmap, as data that outlives later changes of it. */
export function clearRuns(bits: ReadonlyBitmap, range: PageRange): PageRun[] {
  const runs: PageRun[] = [];
  bits.forEachClearRun(range.firstPage, range.endPage, (firstPage, endPage) => {
    runs.push({ firstPage, endPage });
    return 0;
  });
  return runs;
}

/** Tells KVM which side the guest uses from now on, in the regime's way. */
export function switchSide(host: Host, request: ConversionRequest, to: Side): Status {
  return host.regime === 'in-place'
    ? host.convertInPlace(request.pages, to)
    : host.setAttributes(request.gfns, to);
}

/** Whether no page of a half-open run is shared. */
export type IsAllPrivate = (firstPage: number, endPage: number) => boolean;

/**
 * Frees the side the guest no longer uses; in place there is only one backing and nothing to free. On hugetlbfs the
 * shared side goes a huge page at a time: those of the range that nobody shares a page of any more. Without
 * `isAllPrivate` it stays allocated there, as in QEMU (kvm_convert_memory returns before the discard).
 */
export function discardOther(host: Host, range: PageRange, to: Side, isAllPrivate?: IsAllPrivate): Status {
  if (host.regime === 'in-place') return 0;
  const { hugePages = 1 } = range.block;
  if (to === 'shared' || hugePages === 1) return host.discard(range, otherSide(to));
  return isAllPrivate === undefined ? 0 : discardHugePages(host, range, hugePages, isAllPrivate);
}

/** Neighbours go in one call; the first refusal ends it. */
function discardHugePages(host: Host, range: PageRange, hugePages: number, isAllPrivate: IsAllPrivate): Status {
  const { block } = range;
  const end = Math.ceil(range.endPage / hugePages) * hugePages;
  let runFirst = range.firstPage - (range.firstPage % hugePages);
  for (let at = runFirst; at < end; at += hugePages) {
    if (isAllPrivate(at, at + hugePages)) continue;
    const status = runFirst < at ? host.discard({ block, firstPage: runFirst, endPage: at }, 'shared') : 0;
    if (status !== 0) return status;
    runFirst = at + hugePages;
  }
  return runFirst < end ? host.discard({ block, firstPage: runFirst, endPage: end }, 'shared') : 0;
}

/** The runs of a range that are set in a bitmap, likewise. */
export function setRuns(bits: ReadonlyBitmap, range: PageRange): PageRun[] {
  const runs: PageRun[] = [];
  bits.forEachSetRun(range.firstPage, range.endPage, (firstPage, endPage) => {
    runs.push({ firstPage, endPage });
    return 0;
  });
  return runs;
}

/** Who may still hold a mapping over a page, on its new side, after an undo that was itself refused. */
export interface Holders {
  isHeld(page: number): boolean;
  /** The run stays on its new side, because somebody holds it. */
  keep(run: PageRun): void;
  /** Without, huge pages of the shared side stay allocated. */
  readonly isAllPrivate?: IsAllPrivate | undefined;
}

/**
 * Takes a conversion back that a consumer refused: the runs that changed return to their side and lose what pinning put
 * on the other one. Pages that somebody would not let go stay where they are; a retry completes them.
 */
export function takeBack(
  host: Host,
  request: ConversionRequest,
  changed: readonly PageRun[],
  holders: Holders,
  side: Side = 'private',
): void {
  const free: PageRun[] = [];
  for (const { firstPage, endPage } of changed) {
    for (let page = firstPage; page < endPage; ) {
      const held = holders.isHeld(page);
      let end = page + 1;
      while (end < endPage && holders.isHeld(end) === held) end += 1;
      const run = { firstPage: page, endPage: end };
      if (held) holders.keep(run);
      else free.push(run);
      page = end;
    }
  }
  // Only when it is known which pages stay shared can be said which huge pages nobody shares.
  for (const run of free) returnRun(host, request, run, side, holders.isAllPrivate);
}

function returnRun(host: Host, request: ConversionRequest, run: PageRun, side: Side, isAllPrivate?: IsAllPrivate): void {
  const pages = { block: request.pages.block, ...run };
  const shift = request.gfns.firstGfn - request.pages.firstPage;
  const gfns = { firstGfn: run.firstPage + shift, endGfn: run.endPage + shift };
  switchSide(host, { pages, gfns }, side);
  discardOther(host, pages, side, isAllPrivate);
}
