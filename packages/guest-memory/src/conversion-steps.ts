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

/** Frees the side the guest no longer uses; in place there is only one backing and nothing to free. */
export function discardOther(host: Host, range: PageRange, to: Side): Status {
  return host.regime === 'in-place' ? 0 : host.discard(range, otherSide(to));
}

/** Who may still hold a mapping over a page after an undo that was itself refused. */
export interface Holders {
  isHeld(page: number): boolean;
  /** The run stays shared, because somebody holds it. */
  keepShared(run: PageRun): void;
}

/**
 * Takes a sharing back that a consumer refused: the runs that were private before turn private again and lose what
 * pinning put on their shared side. Pages that somebody would not let go stay shared; a retry completes them.
 */
export function takeBack(
  host: Host,
  request: ConversionRequest,
  wasPrivate: readonly PageRun[],
  holders: Holders,
): void {
  for (const { firstPage, endPage } of wasPrivate) {
    for (let page = firstPage; page < endPage; ) {
      const held = holders.isHeld(page);
      let end = page + 1;
      while (end < endPage && holders.isHeld(end) === held) end += 1;
      const run = { firstPage: page, endPage: end };
      if (held) holders.keepShared(run);
      else unshareRun(host, request, run);
      page = end;
    }
  }
}

function unshareRun(host: Host, request: ConversionRequest, run: PageRun): void {
  const pages = { block: request.pages.block, ...run };
  const shift = request.gfns.firstGfn - request.pages.firstPage;
  const gfns = { firstGfn: run.firstPage + shift, endGfn: run.endPage + shift };
  switchSide(host, { pages, gfns }, 'private');
  discardOther(host, pages, 'private');
}
