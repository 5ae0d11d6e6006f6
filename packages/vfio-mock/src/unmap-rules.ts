// SPDX-License-Identifier: MIT
/**
 * Which mappings one unmap call takes away, a small function per kernel interface. A rule only decides; the container
 * removes. It sees mappings through `MappingView`, whatever the unit (pages, or bytes as bigint), so one text serves
 * both storages.
 *
 * A request is four numbers: [touchFirst, touchEnd) is what it touches, [insideFirst, insideEnd) where a mapping must
 * lie to be covered. They differ only when a byte range does not fall on units.
 *
 * Sources: Linux 7.2.13 vfio_iommu_type1.c (vfio_dma_do_unmap), iommufd/io_pagetable.c (iopt_unmap_iova_range,
 * iopt_cut_iova); recordings edge-type1-7.2 and edge-iommufd-7.2own for all but v1.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';

export interface Extent<N extends number | bigint> {
  readonly first: N;
  readonly end: N;
}

export interface MappingView<N extends number | bigint> {
  /** The mapping that holds this place. */
  holding(at: N): Extent<N> | undefined;
  /** The last mapping that begins in [first, end). */
  lastBeginningIn(first: N, end: N): Extent<N> | undefined;
  /** The place before this one. */
  before(at: N): N;
}

export interface UnmapRequest<N extends number | bigint> {
  readonly touchFirst: N;
  readonly touchEnd: N;
  readonly insideFirst: N;
  readonly insideEnd: N;
}

/**
 * Mappings are cut in two at `cuts`, those in [first, end) are removed (none when that is empty), then `status` is
 * answered.
 */
export interface UnmapDecision<N extends number | bigint> {
  readonly status: Status;
  readonly first: N;
  readonly end: N;
  readonly cuts?: readonly N[];
}

export type UnmapRule = <N extends number | bigint>(
  view: MappingView<N>,
  request: UnmapRequest<N>,
) => UnmapDecision<N>;

function nothing<N extends number | bigint>(at: N, status: Status): UnmapDecision<N> {
  return { status, first: at, end: at };
}

function sticksOutLeft<N extends number | bigint>(view: MappingView<N>, request: UnmapRequest<N>): boolean {
  const left = view.holding(request.touchFirst);
  return left !== undefined && left.first < request.insideFirst;
}

function cutOnTheRight<N extends number | bigint>(
  view: MappingView<N>,
  request: UnmapRequest<N>,
): Extent<N> | undefined {
  const right = view.holding(view.before(request.touchEnd));
  return right !== undefined && right.end > request.insideEnd ? right : undefined;
}

/** type1v2, and a lenient vfio-user server: a mapping cut on either side refuses the whole call. */
export const atomicOrRefused: UnmapRule = (view, request) => {
  if (sticksOutLeft(view, request) || cutOnTheRight(view, request) !== undefined) {
    return nothing(request.touchFirst, -ERRNO.EINVAL);
  }
  return { status: 0, first: request.touchFirst, end: request.touchEnd };
};

/** type1 v1: every mapping that begins in the range goes whole; one that begins before it stops the walk. */
export const wholeMappings: UnmapRule = (view, request) => {
  if (sticksOutLeft(view, request)) return nothing(request.touchFirst, 0);
  const last = view.lastBeginningIn(request.touchFirst, request.touchEnd);
  if (last === undefined) return nothing(request.touchFirst, 0);
  return { status: 0, first: request.touchFirst, end: last.end };
};

/** iommufd: areas go one by one in ascending order until one sticks out; those before it are gone. */
export const ascendingUntilCut: UnmapRule = (view, request) => {
  if (sticksOutLeft(view, request)) return nothing(request.touchFirst, -ERRNO.ENOENT);
  const cut = cutOnTheRight(view, request);
  if (cut !== undefined) return { status: -ERRNO.ENOENT, first: request.touchFirst, end: cut.first };
  return { status: 0, first: request.touchFirst, end: request.touchEnd };
};

/**
 * iommufd compat v1: areas are cut at both ends of the range first (the end before the start), so that nothing sticks
 * out. A cut off the grid is refused; an earlier one stays.
 */
export const cutToFit: UnmapRule = <N extends number | bigint>(
  view: MappingView<N>,
  request: UnmapRequest<N>,
): UnmapDecision<N> => {
  const { touchFirst, touchEnd, insideFirst, insideEnd } = request;
  const cuts: N[] = [];
  for (const [at, isOnGrid] of [
    [touchEnd === insideEnd ? insideEnd : view.before(touchEnd), touchEnd === insideEnd],
    [touchFirst, touchFirst === insideFirst],
  ] as const) {
    const area = view.holding(at);
    if (area === undefined || (isOnGrid && area.first === at)) continue;
    if (!isOnGrid) return { ...nothing(touchFirst, -ERRNO.EINVAL), cuts };
    cuts.push(at);
  }
  return { status: 0, first: touchFirst, end: touchEnd, cuts };
};

/** A strict vfio-user server: the range is exactly one earlier map. */
export const exactlyOne: UnmapRule = (view, request) => {
  const only = view.holding(request.touchFirst);
  if (only === undefined || only.first !== request.insideFirst || only.end !== request.insideEnd) {
    return nothing(request.touchFirst, -ERRNO.ENOENT);
  }
  return { status: 0, first: request.touchFirst, end: request.touchEnd };
};

/** Rules under which a range that cuts no mapping is unmapped as it is; which mappings it holds makes no difference. */
const TAKES_WHAT_FITS: ReadonlySet<UnmapRule> = new Set([atomicOrRefused, wholeMappings, ascendingUntilCut, cutToFit]);

/** Whether the rule has nothing to decide about a range that cuts no mapping. */
export function takesWhatFits(rule: UnmapRule): boolean {
  return TAKES_WHAT_FITS.has(rule);
}
