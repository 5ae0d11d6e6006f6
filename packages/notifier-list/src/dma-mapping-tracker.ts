// SPDX-License-Identifier: MIT
/**
 * Cloud Hypervisor's DmaMappingTracker, the closest living relative of design 1: DMA handlers in a list, and beside them
 * a bit per 4 KiB page of a region that says whether it is shared and so to be mapped. A handler that is registered
 * late is replayed to from the bits.
 *
 * To shared:  attributes -> per page that is not set: set its bit, one map call at each handler -> free the private side.
 * To private: attributes -> per run of set bits: one unmap call at each handler, clear the run -> free the shared side.
 * Handlers are called in the order of registration; IOVA = guest physical address; the first error goes to the caller.
 * As read: the bit is set before the map call and nothing is rolled back, so the request, repeated, passes over the page
 * that was refused. No state is shared with anybody else: a second owner of the pages is refused with -EBUSY.
 *
 * Source: Cloud Hypervisor PR 8501, merged July 2026. Its virtio-mem does not use the tracker: it has DMA handlers of
 * its own since 2021 (PR 2317) that map whole blocks at plug, and is left out.
 * A meter counts a word for each bit tested and the range's own bound for runs.
 * Assumed, because the callers have not been read: the order of attributes and discards around it, as in QEMU; an error
 * ends the conversion and goes on to the guest or the VMM as it is; a run's bits are cleared after its unmap; a handler
 * that goes is unmapped; huge pages of the shared side stay, as in QEMU; a reset ends the guest; the tracker's lock
 * is held for a whole call. Left out: dump and migration, which do not ask it; that nobody counts discards there, while a
 * world's containers do.
 */
import { Bitmap } from '@sda-lab/core-bitmap';
import {
  assert,
  type Consumer,
  type ConversionRequest,
  type CostMeter,
  DesignWords,
  discardOther,
  ERRNO,
  type Host,
  type Instance,
  intersectSection,
  lockedInstance,
  NO_PLUG_EVENTS,
  type PageRange,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
  switchSide,
} from '@sda-lab/guest-memory';
import { type Handler, handlerWords, type Region } from './tracker-region.ts';

class DmaMappingTracker {
  readonly #host: Host;
  readonly #regions = new Map<RamBlock, Region>();

  constructor(host: Host) {
    this.#host = host;
  }

  instance(): Instance {
    return {
      addBlock: (block) => {
        const shared = new Bitmap(block.pageCount);
        if (!block.hasGuestMemfd) shared.set(0, block.pageCount);
        this.#regions.set(block, { block, shared, handlers: [] });
        return 0;
      },
      removeBlock: (block) => {
        assert(this.#regionOf(block).handlers.length === 0, 'a block goes after its handlers');
        this.#regions.delete(block);
      },
      attachSource: () => -ERRNO.EBUSY,
      detachSource: () => -ERRNO.ENOENT,
      subscribe: (consumer, section) => this.#register({ consumer, section }),
      unsubscribe: (consumer, section) => this.#unregister(consumer, section),
      convert: (request, to) => this.#convert(request, to),
      reset: () => -ERRNO.EOPNOTSUPP,
      plug: NO_PLUG_EVENTS,
      runs: (block, view, firstPage, endPage, emit) =>
        view === 'dma'
          ? this.#regionOf(block).shared.forEachSetRun(firstPage, endPage, (first, end) => emit(first, end, 'shared'))
          : emit(firstPage, endPage, 'shared'),
      words: (cast) => {
        const regions = [...this.#regions.values()];
        return new DesignWords(regions.map(({ shared }) => shared), regions.map((region) => handlerWords(region, cast)));
      },
    };
  }

  /** Replays what is shared, page by page; an error is returned, and the pages mapped until then stay. */
  #register(handler: Handler): Status {
    if (handler.consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const { block, firstPage, pageCount } = handler.section;
    const region = this.#regionOf(block);
    const { meter } = this.#host;
    meter?.walkRuns(region.shared, true, firstPage, firstPage + pageCount, firstPage + pageCount);
    const status = region.shared.forEachSetRun(firstPage, firstPage + pageCount, (first, end) => {
      for (let page = first; page < end; page += 1) {
        const refused = mapPage(handler, page, meter);
        if (refused !== 0) return refused;
      }
      return 0;
    });
    if (status === 0) region.handlers = [...region.handlers, handler];
    return status;
  }

  #unregister(consumer: Consumer, section: Section): void {
    const region = this.#regionOf(section.block);
    const handler = region.handlers.find((one) => one.consumer === consumer && one.section === section);
    assert(handler !== undefined, 'a consumer leaves a section it follows');
    region.handlers = region.handlers.filter((one) => one !== handler);
    const { firstPage, pageCount } = section;
    region.shared.forEachSetRun(firstPage, firstPage + pageCount, (first, end) => {
      unmapRun(handler, first, end);
      return 0;
    });
  }

  #convert(request: ConversionRequest, to: Side): Status {
    const { pages } = request;
    const region = this.#regionOf(pages.block);
    if (pages.endPage > region.shared.bitCount) return -ERRNO.EINVAL;
    const switched = switchSide(this.#host, request, to);
    if (switched !== 0) return switched;
    const { meter } = this.#host;
    const told = to === 'shared' ? map(region, pages, meter) : unmap(region, pages, meter);
    return told !== 0 ? told : discardOther(this.#host, pages, to);
  }

  #regionOf(block: RamBlock): Region {
    const region = this.#regions.get(block);
    assert(region !== undefined, 'a block is added before it is used');
    return region;
  }
}

function map(region: Region, { firstPage, endPage }: PageRange, meter?: CostMeter): Status {
  const { shared } = region;
  for (let page = firstPage; page < endPage; page += 1) {
    meter?.tested();
    if (shared.test(page)) continue;
    shared.set(page, page + 1);
    for (const handler of region.handlers) {
      const status = mapPage(handler, page, meter);
      if (status !== 0) return status;
    }
  }
  return 0;
}

function unmap(region: Region, { firstPage, endPage }: PageRange, meter?: CostMeter): Status {
  const { shared } = region;
  meter?.walkRuns(shared, true, firstPage, endPage, endPage);
  return shared.forEachSetRun(firstPage, endPage, (first, end) => {
    for (const handler of region.handlers) {
      const status = unmapRun(handler, first, end, meter);
      if (status !== 0) return status;
    }
    shared.clear(first, end);
    return 0;
  });
}

/** Nothing where the handler's section does not show the page. */
function mapPage({ consumer, section }: Handler, page: number, meter?: CostMeter): Status {
  if (intersectSection(section, page, page + 1) === undefined) return 0;
  note(meter);
  return consumer.mapRun(section, 'shared', page, 1, 1);
}

function unmapRun({ consumer, section }: Handler, firstPage: number, endPage: number, meter?: CostMeter): Status {
  const part = intersectSection(section, firstPage, endPage);
  if (part === undefined) return 0;
  note(meter);
  return consumer.unmapRun(section, 'shared', part.firstPage, part.endPage - part.firstPage);
}

function note(meter: CostMeter | undefined): void {
  if (meter !== undefined) meter.notifications += 1;
}

export const dmaMappingTracker: Strategy = {
  id: 'dma-mapping-tracker',
  title: 'Cloud Hypervisor: handlers and a bit per page (July 2026)',
  source: 'Cloud Hypervisor PR 8501',
  discardRequirement: 'none',
  requestPath: 'per-section',
  listener: { rollback: 'none', admission: 'off', awaitsAttach: true, refusedSection: 'return' },
  capabilities: { virtioMem: false, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
  additions: [],
  cost: {
    stateBits: { perPage: ['shared'], perFollower: [], asked: [] },
    interfaceMembers: [
      'DmaMappingTracker.register_handler',
      'DmaMappingTracker.unregister_handler',
      'DmaMappingTracker.share',
      'DmaMappingTracker.unshare',
      'DmaHandler.map',
      'DmaHandler.unmap',
    ],
    changedMembers: [],
    changedUsers: [],
    source: 'Cloud Hypervisor PR 8501; names but register_handler are ours, and there is no RamDiscardManager',
  },
  create: (host) => lockedInstance(new DmaMappingTracker(host).instance(), host, 'tracker'),
};
