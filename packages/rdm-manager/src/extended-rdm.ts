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
 * Who is told first does not depend on who came first (`tellOrder`).
 *
 * Not upstream code: what the RFC's second proposal needs to hold (20240725072118.358923-1, "Open"). What it had to add
 * to the stock manager is `additions`, each with its switch. Left out: vIOMMU, granules above
 * a page, finer locks than one.
 */
import {
  type Addition,
  assert,
  type Cast,
  clearRuns,
  type Consumer,
  type ConversionRequest,
  DesignWords,
  discardOther,
  ERRNO,
  FollowerWords,
  type Holders,
  type Host,
  type Instance,
  type IsAllPrivate,
  lockedInstance,
  type RamBlock,
  type Section,
  setRuns,
  type Side,
  type Status,
  type Strategy,
  switchSide,
  takeBack,
  type TrackerOptions,
  type Words,
} from '@sda-lab/guest-memory';
import { EXTENDED_RDM_COST } from './extended/cost.ts';
import { ExtendedBlock } from './extended/extended-block.ts';
import { createPlugHandlers } from './extended/plug-handlers.ts';
import { emitView } from './extended/emit-view.ts';

const ADDITIONS = [
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
  { id: 'lock', guards: 'complete', what: 'a lock of its own: conversions, hot-add and plug requests exclude each other' },
] as const satisfies readonly Addition[];

/** Which additions are in force. */
export type Has = (id: string) => boolean;

type InForce = Readonly<Record<(typeof ADDITIONS)[number]['id'], boolean>>;

/** The sides a consumer may want, by what it says of itself. */
const SIDES: Readonly<Record<Consumer['sides'], readonly Side[]>> = {
  shared: ['shared'],
  private: ['private'],
  both: ['shared', 'private'],
};

class ExtendedManager {
  readonly #host: Host;
  readonly #has: Has;
  readonly #with: InForce;
  readonly #tracking: TrackerOptions;
  readonly #blocks = new Map<RamBlock, ExtendedBlock>();
  /** The block asked for last, as often the next one too. */
  #last: ExtendedBlock | undefined = undefined;

  constructor(host: Host, has: Has) {
    this.#host = host;
    this.#has = has;
    this.#with = Object.fromEntries(ADDITIONS.map(({ id }) => [id, has(id)])) as InForce;
    this.#tracking = {
      granulePages: has('granularity') ? 1 : 'run',
      exactUnmaps: has('exact-unmaps'),
      clip: has('clip'),
      rollback: has('rollback'),
      meter: host.meter,
    };
  }

  instance(): Instance {
    const stateOf = (block: RamBlock): ExtendedBlock => this.#stateOf(block);
    return {
      addBlock: (block) => {
        this.#blocks.set(block, new ExtendedBlock(block, this.#tracking));
        return 0;
      },
      removeBlock: (block) => {
        const { all } = stateOf(block).followers;
        assert(!all.some(({ isFollowing }) => isFollowing), 'a block goes after its consumers');
        this.#blocks.delete(block);
        this.#last = undefined;
      },
      subscribe: (consumer, section) => this.#subscribe(stateOf(section.block), consumer, section),
      unsubscribe: (consumer, section) => {
        stateOf(section.block).followers.leave(consumer, section, this.#with.teardown);
        this.#closeIfLast(consumer);
      },
      convert: (request, to) => this.#convert(stateOf(request.pages.block), request, to),
      reset: () => this.#reset(),
      ...createPlugHandlers(stateOf, this.#has),
      runs: (block, view, firstPage, endPage, emit) =>
        emitView(stateOf(block), view, this.#with['private-view'], firstPage, endPage, emit),
      words: (cast) => this.#words(cast),
    };
  }

  #subscribe(state: ExtendedBlock, consumer: Consumer, section: Section): Status {
    const { followers, isDue } = state;
    if (consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const leftOver = followers.settle(consumer);
    if (leftOver !== 0) return leftOver;
    let status = 0;
    for (const side of this.#sidesOf(consumer)) {
      const tracker = followers.follow(consumer, section, side);
      if (status === 0 && this.#with.replay) status = tracker.mapMissing(isDue[side], 0, state.block.pageCount);
    }
    if (status === 0) return 0;
    followers.abandon(consumer, section);
    this.#closeIfLast(consumer);
    return status;
  }

  #closeIfLast(consumer: Consumer): void {
    for (const { followers } of this.#blocks.values()) if (followers.isFollowedBy(consumer)) return;
    for (const { followers } of this.#blocks.values()) followers.close(consumer);
  }

  #sidesOf({ sides }: Consumer): readonly Side[] {
    return this.#with['private-side'] ? SIDES[sides] : SIDES.shared;
  }

  #convert(state: ExtendedBlock, request: ConversionRequest, to: Side): Status {
    if (request.pages.endPage > state.block.pageCount) return -ERRNO.EINVAL;
    state.begin();
    return to === 'shared' ? this.#share(state, request) : this.#unshare(state, request);
  }

  #share(state: ExtendedBlock, request: ConversionRequest): Status {
    const { pages } = request;
    const { firstPage, endPage } = pages;
    const lifted = state.unmap(firstPage, endPage, true, 'private');
    const switched = lifted !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'shared');
    if (switched !== 0) {
      state.undo();
      return switched;
    }
    const mapped = state.map(state.isPlugged, firstPage, endPage, 'shared');
    if (mapped !== 0 && this.#with['map-veto']) {
      state.undo('shared');
      const wasPrivate = clearRuns(state.shared, pages);
      if (this.#with.restore) takeBack(this.#host, request, wasPrivate, this.#holders(state, 'shared'));
      state.undo('private');
      return -ERRNO.EAGAIN;
    }
    state.shared.set(firstPage, endPage);
    return discardOther(this.#host, pages, 'shared');
  }

  #unshare(state: ExtendedBlock, request: ConversionRequest): Status {
    const { pages } = request;
    const { firstPage, endPage } = pages;
    if (!this.#with['unmap-first']) return this.#unshareUnmapLast(state, request);
    const unmapped = state.unmap(firstPage, endPage, this.#with['unmap-veto'], 'shared');
    const switched = unmapped !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'private');
    if (switched !== 0) {
      state.undo();
      return switched;
    }
    if (state.map(state.isPlugged, firstPage, endPage, 'private') !== 0) {
      state.undo('private');
      takeBack(this.#host, request, setRuns(state.shared, pages), this.#holders(state, 'private'), 'shared');
      state.undo('shared');
      return -ERRNO.EAGAIN;
    }
    state.shared.clear(firstPage, endPage);
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
      const status = state.unmap(0, state.block.pageCount, this.#with['unmap-veto']);
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

  #isAllPrivate({ isAllPrivate }: ExtendedBlock): IsAllPrivate | undefined {
    return this.#with['huge-pages'] ? isAllPrivate : undefined;
  }

  #holders(state: ExtendedBlock, side: Side): Holders {
    return {
      isHeld: (page) => state.isHeld(page, side),
      keep: ({ firstPage, endPage }) => state.shared.assign(firstPage, endPage, side === 'shared'),
      isAllPrivate: this.#isAllPrivate(state),
    };
  }

  #stateOf(block: RamBlock): ExtendedBlock {
    if (this.#last?.block === block) return this.#last;
    const state = this.#blocks.get(block);
    assert(state !== undefined, 'a block is added before it is used');
    this.#last = state;
    return state;
  }

  /** Both planes of each block, what everybody holds, and who takes part. */
  #words(cast: Cast): Words {
    const states = [...this.#blocks.values()];
    const ofFollowers = new FollowerWords(states, cast, (consumer) => this.#sidesOf(consumer));
    const planes = states.flatMap(({ shared, plugged }) => [shared, plugged]);
    const mapped = ofFollowers.trackers.map((tracker) => tracker.mapped);
    return new DesignWords([...planes, ...mapped], [ofFollowers]);
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
  create: (host, without) => {
    const instance = new ExtendedManager(host, (id) => !without.has(id)).instance();
    return without.has('lock') ? instance : lockedInstance(instance, host, 'extended-rdm');
  },
};
