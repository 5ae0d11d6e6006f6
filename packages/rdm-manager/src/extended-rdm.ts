// SPDX-License-Identifier: MIT
/**
 * Design 2 of the RFC's Open section, done right: one RamDiscardManager per region that knows shared/private beside
 * populated/discarded.
 *
 * To shared:  switch the side -> map what is due at every consumer -> remember -> free the private side.
 *             A refusal undoes the maps, puts the side back and answers -EAGAIN.
 * To private: unmap at every consumer -> switch the side -> forget -> free the shared side.
 *             A refused unmap maps again what was unmapped and answers -EAGAIN; nothing is freed under a mapping.
 * Plug maps the shared part before the guest gets the block; unplug unmaps before RAM is discarded, and may refuse.
 * For a consumer that wants both sides the other side is unmapped before the switch and mapped after it, and so undone.
 *
 * Not upstream code: what the RFC's second proposal needs to hold (20240725072118.358923-1, "Open"). What it had to add
 * to the stock manager is `additions`, each with its switch. Left out: locking (conversions and hot-add exclude each
 * other here), vIOMMU, granules above a page.
 */
import {
  type Addition,
  assert,
  clearRuns,
  type Consumer,
  type ConversionRequest,
  discardOther,
  ERRNO,
  type Holders,
  type Host,
  type Instance,
  type IsAllPrivate,
  LeftOvers,
  type RamBlock,
  setRuns,
  type Side,
  type Status,
  type Strategy,
  switchSide,
  takeBack,
  type TrackerOptions,
} from '@sda-lab/guest-memory';
import { EXTENDED_RDM_COST } from './extended/cost.ts';
import { ExtendedBlock } from './extended/extended-block.ts';
import { createPlugHandlers } from './extended/plug-handlers.ts';
import { emitView } from './extended/emit-view.ts';

const ADDITIONS: readonly Addition[] = [
  { id: 'plug-plane', guards: 'coexist', what: 'populated/discarded and shared/private as two planes, ANDed for devices' },
  { id: 'private-view', guards: 'consumers-see', what: 'dump and migration see private pages, marked as such' },
  { id: 'replay', guards: 'hotplug', what: 'a consumer that comes late gets what is due already' },
  { id: 'teardown', guards: 'hotplug', what: 'a consumer that goes loses its mappings' },
  { id: 'clip', guards: 'bounded', what: 'a change is told only for the pages a section shows' },
  { id: 'granularity', guards: 'legal-calls', what: 'one mapping per page, so that any page can go alone' },
  { id: 'map-veto', guards: 'complete', what: 'a refused map ends the conversion' },
  { id: 'unmap-veto', guards: 'coherent', what: 'a refused unmap ends the conversion before anything is freed' },
  { id: 'rollback', guards: 'atomic', what: 'consumers told before a refusal are put back' },
  { id: 'restore', guards: 'atomic', what: 'the side is switched back after a refused sharing, and its frames freed' },
  { id: 'unmap-first', guards: 'order', what: 'to private unmaps before the side is switched' },
  { id: 'unplug-veto', guards: 'coexist', what: 'unplug unmaps before RAM is discarded, and may be refused' },
  { id: 'private-side', guards: 'complete', what: 'a consumer that wants both sides gets private pages on theirs (hypothetical: SEV-TIO)' },
  { id: 'huge-pages', guards: 'bounded', what: 'a huge page of the shared side is freed once no page of it is shared' },
  { id: 'slot-readd', guards: 'coexist', what: 'a memslot that comes again is private, as KVM takes it, whatever was shared there' },
  { id: 'exact-unmaps', guards: 'legal-calls', what: 'only what is mapped is unmapped, in the shape the consumer asks' },
];

/** Which additions are in force. */
export type Has = (id: string) => boolean;

class ExtendedManager {
  readonly #host: Host;
  readonly #has: Has;
  readonly #tracking: TrackerOptions;
  readonly #blocks = new Map<RamBlock, ExtendedBlock>();
  readonly #leftOvers = new LeftOvers();

  constructor(host: Host, has: Has) {
    this.#host = host;
    this.#has = has;
    this.#tracking = {
      granulePages: has('granularity') ? 1 : 'run',
      exactUnmaps: has('exact-unmaps'),
      clip: has('clip'),
      rollback: has('rollback'),
    };
  }

  instance(): Instance {
    const stateOf = (block: RamBlock): ExtendedBlock => this.#stateOf(block);
    return {
      addBlock: (block) => {
        this.#blocks.set(block, new ExtendedBlock(block));
        return 0;
      },
      removeBlock: (block) => {
        assert(stateOf(block).consumerCount === 0, 'a block goes after its consumers');
        this.#blocks.delete(block);
      },
      subscribe: (consumer, section) => this.#subscribe(stateOf(section.block), consumer, section),
      unsubscribe: (consumer, section) => {
        const trackers = stateOf(section.block).unfollow(consumer, section);
        const isLast = [...this.#blocks.values()].every((state) => !state.isFollowedBy(consumer));
        if (this.#has('teardown')) for (const tracker of trackers) this.#leftOvers.leave(tracker, isLast);
      },
      convert: (request, to) => this.#convert(stateOf(request.pages.block), request, to),
      reset: () => this.#reset(),
      ...createPlugHandlers(stateOf, this.#has),
      runs: (block, view, firstPage, endPage, emit) =>
        emitView(stateOf(block), view, this.#has('private-view'), firstPage, endPage, emit),
    };
  }

  #subscribe(
    state: ExtendedBlock,
    consumer: Parameters<Instance['subscribe']>[0],
    section: Parameters<Instance['subscribe']>[1],
  ): Status {
    if (consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const leftOver = this.#leftOvers.settle(consumer, section);
    if (leftOver !== 0) return leftOver;
    const trackers = this.#sidesOf(consumer).map((side) => state.follow(consumer, section, { ...this.#tracking, side }));
    if (!this.#has('replay')) return 0;
    for (const tracker of trackers) {
      const status = tracker.mapMissing([state.isOn(tracker.side), state.isPlugged], 0, state.block.pageCount);
      if (status === 0) continue;
      for (const one of trackers) one.undo();
      state.unfollow(consumer, section);
      return status;
    }
    return 0;
  }

  #sidesOf({ sides }: Consumer): Side[] {
    const wanted: Side[] = sides === 'both' ? ['shared', 'private'] : [sides];
    return this.#has('private-side') ? wanted : ['shared'];
  }

  #convert(state: ExtendedBlock, request: ConversionRequest, to: Side): Status {
    if (request.pages.endPage > state.block.pageCount) return -ERRNO.EINVAL;
    state.begin();
    return to === 'shared' ? this.#share(state, request) : this.#unshare(state, request);
  }

  #share(state: ExtendedBlock, request: ConversionRequest): Status {
    const { pages } = request;
    const wasPrivate = clearRuns(state.shared, pages);
    const lifted = state.unmap(pages.firstPage, pages.endPage, true, 'private');
    const switched = lifted !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'shared');
    if (switched !== 0) {
      state.undo();
      return switched;
    }
    const mapped = state.mapDue([state.isPlugged], pages.firstPage, pages.endPage);
    if (mapped !== 0 && this.#has('map-veto')) {
      state.undo('shared');
      if (this.#has('restore')) takeBack(this.#host, request, wasPrivate, this.#holders(state, 'shared'));
      state.undo('private');
      return -ERRNO.EAGAIN;
    }
    state.shared.set(pages.firstPage, pages.endPage);
    return discardOther(this.#host, pages, 'shared');
  }

  #unshare(state: ExtendedBlock, request: ConversionRequest): Status {
    const { pages } = request;
    if (!this.#has('unmap-first')) return this.#unshareUnmapLast(state, request);
    const wasShared = setRuns(state.shared, pages);
    const unmapped = state.unmap(pages.firstPage, pages.endPage, this.#has('unmap-veto'), 'shared');
    const switched = unmapped !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'private');
    if (switched !== 0) {
      state.undo();
      return switched;
    }
    if (state.mapDue([state.isPlugged], pages.firstPage, pages.endPage, 'private') !== 0) {
      state.undo('private');
      takeBack(this.#host, request, wasShared, this.#holders(state, 'private'), 'shared');
      state.undo('shared');
      return -ERRNO.EAGAIN;
    }
    state.shared.clear(pages.firstPage, pages.endPage);
    return discardOther(this.#host, pages, 'private', this.#isAllPrivate(state));
  }

  /** The ablation of `unmap-first`: the order a design has that hears of a conversion after it happened. */
  #unshareUnmapLast(state: ExtendedBlock, request: ConversionRequest): Status {
    const { pages } = request;
    const switched = switchSide(this.#host, request, 'private');
    if (switched !== 0) return switched;
    state.shared.clear(pages.firstPage, pages.endPage);
    const status = discardOther(this.#host, pages, 'private', this.#isAllPrivate(state));
    state.unmap(pages.firstPage, pages.endPage, false);
    return status;
  }

  /** Only blocks that can be private lose anything. */
  #reset(): Status {
    const states = [...this.#blocks.values()].filter(({ block }) => block.hasGuestMemfd);
    for (const state of states) state.begin();
    for (const state of states) {
      const status = state.unmap(0, state.block.pageCount, this.#has('unmap-veto'));
      if (status === 0) continue;
      for (const other of states) other.undo();
      return -ERRNO.EAGAIN;
    }
    for (const state of states) {
      const { shared, block } = state;
      shared.clear(0, block.pageCount);
      discardOther(this.#host, { block, firstPage: 0, endPage: block.pageCount }, 'private', this.#isAllPrivate(state));
    }
    return 0;
  }

  #isAllPrivate({ shared }: ExtendedBlock): IsAllPrivate | undefined {
    return this.#has('huge-pages') ? (first, end) => shared.allClear(first, end) : undefined;
  }

  #holders(state: ExtendedBlock, side: Side): Holders {
    return {
      isHeld: (page) => state.isHeld(page, side),
      keep: ({ firstPage, endPage }) => state.shared.assign(firstPage, endPage, side === 'shared'),
      isAllPrivate: this.#isAllPrivate(state),
    };
  }

  #stateOf(block: RamBlock): ExtendedBlock {
    const state = this.#blocks.get(block);
    assert(state !== undefined, 'a block is added before it is used');
    return state;
  }
}

export const extendedRdm: Strategy = {
  id: 'extended-rdm',
  title: 'Design 2: RDM extended by shared/private',
  source: 'RFC series 20240725072118.358923-1, Open section, second way; built here',
  discardRequirement: 'coordinated',
  requestPath: 'per-section',
  listener: { rollback: 'none', admission: 'refuse', awaitsAttach: true, refusedSection: 'return' },
  capabilities: {
    virtioMem: true,
    views: true,
    assignment: true,
    reset: 'rebuild',
    regimes: ['two-backend', 'in-place'],
    tdisp: true,
  },
  additions: ADDITIONS,
  cost: EXTENDED_RDM_COST,
  create: (host, without) => new ExtendedManager(host, (id) => !without.has(id)).instance(),
};
