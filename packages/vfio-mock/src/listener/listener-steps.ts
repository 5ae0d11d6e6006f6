// SPDX-License-Identifier: MIT
/**
 * The decisions of QEMU's container listener, one function each: everything else in it is walking lists and calling the
 * kernel. A parameter of the listener, so that a mistake can be written down as a line and tried.
 *
 * Source: QEMU 10.2.2 hw/vfio/listener.c (vfio_listener_region_add and _del, vfio_ram_discard_notify_populate and
 * _discard), hw/vfio/iommufd.c (iommufd_cdev_unmap, ENOENT).
 */
import { type DiscardCoordination, ERRNO, type Section, type Status } from '@sda-lab/guest-memory';

/** Pages of a section's block. */
export interface BlockRun {
  readonly firstPage: number;
  readonly pageCount: number;
}

/** pageCount / granulePages map calls, the last one possibly shorter. */
export interface MapPiece extends BlockRun {
  readonly granulePages: number;
}

export interface ListenerSteps {
  /** The count that keeps uncoordinated discards away: taken when a device comes, given back when it goes or was refused. */
  coordinate(coordination: DiscardCoordination, occasion: 'attach' | 'refused' | 'detach'): Status;
  /** Sections for which region_add is called when a device comes, in its order. */
  arriving(sections: readonly Section[]): readonly Section[];
  /** Sections for which region_del is called when it goes. */
  departing(sections: readonly Section[]): readonly Section[];
  /** What a section without a manager is mapped as, in one call. */
  window(section: Section): BlockRun;
  /** IOVA page of a block page; without a vIOMMU it is the guest page. */
  gfnOf(section: Section, page: number): number;
  isWritable(section: Section): boolean;
  /** The map calls of a run. Boundaries follow block pages, not IOVA. */
  pieces(section: Section, run: BlockRun, granulePages: number): readonly MapPiece[];
  /** What the one unmap call for a discarded run names. */
  unmapped(section: Section, run: BlockRun): BlockRun;
  /** What is unmapped after a map call of a run was refused; `mappedPages` of it, from its start, are mapped. */
  rolledBack(run: BlockRun, mappedPages: number): BlockRun | undefined;
  /** What a refused unmap is for QEMU; `masksEnoent`: its backend takes ENOENT for success. */
  unmapAnswer(status: Status, masksEnoent: boolean): Status;
}

export const QEMU_LISTENER_STEPS: ListenerSteps = {
  coordinate: (coordination, occasion) => coordination.uncoordinatedDisable(occasion === 'attach'),
  arriving: (sections) => sections,
  // The flat view is walked upward, whatever the order in which its sections came.
  departing: (sections) => (isAscending(sections) ? sections : sections.toSorted((a, b) => a.firstGfn - b.firstGfn)),
  window: ({ firstPage, pageCount }) => ({ firstPage, pageCount }),
  gfnOf: (section, page) => section.firstGfn + page - section.firstPage,
  isWritable: (section) => !section.readonly,
  pieces: (_section, run, granulePages) => cutAtGranules(run, granulePages, run.firstPage),
  unmapped: (_section, run) => run,
  rolledBack: (run) => run,
  unmapAnswer: (status, masksEnoent) => (masksEnoent && status === -ERRNO.ENOENT ? 0 : status),
};

function isAscending(sections: readonly Section[]): boolean {
  for (let at = 1; at < sections.length; at += 1) if (sections[at]!.firstGfn < sections[at - 1]!.firstGfn) return false;
  return true;
}

/**
 * A piece up to the first granule boundary, then whole granules. `origin` is the number the boundaries are counted in
 * at the run's first page.
 */
export function cutAtGranules(run: BlockRun, granulePages: number, origin: number): readonly MapPiece[] {
  const { firstPage, pageCount } = run;
  const toBoundary = (granulePages - (origin % granulePages)) % granulePages;
  // A granule of the run's own size is one call, wherever it begins.
  const head = granulePages === pageCount ? pageCount : Math.min(toBoundary, pageCount);
  const pieces: MapPiece[] = [];
  if (head > 0) pieces.push({ firstPage, pageCount: head, granulePages: head });
  if (head < pageCount) pieces.push({ firstPage: firstPage + head, pageCount: pageCount - head, granulePages });
  return pieces;
}
