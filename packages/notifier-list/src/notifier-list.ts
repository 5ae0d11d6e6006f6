// SPDX-License-Identifier: MIT
/**
 * Design 1 of the RFC's Open section, done right: a notifier list for conversions, beside the stock
 * RamDiscardManager that stays virtio-mem's.
 *
 * To shared:  switch the side -> notify `converting` (map) -> remember -> free the private side.
 * To private: notify `converting` (unmap) -> switch the side -> forget -> free the shared side.
 * The first refusal ends the walk; `aborted` then makes everybody who acted on the event take it back, and the guest
 * gets -EAGAIN. Unplug is announced on `unplugging` before RAM is discarded; the stock manager's own discard
 * notification then finds nothing left to unmap. Those who want private pages hear of a conversion on lists of their own
 * (`otherSide`) at the other moment: before a sharing, after its opposite. They leave before a reset.
 *
 * Not upstream code: nobody posted any for this way (20240725072118.358923-1, "Open"). What a plain notifier list
 * lacks is `additions`, each a part with its switch. Left out: locking, vIOMMU, granules above a page.
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
  type Section,
  setRuns,
  type Side,
  type Status,
  type Strategy,
  switchSide,
  takeBack,
} from '@sda-lab/guest-memory';
import { BlockState } from './block-state.ts';
import { NOTIFIER_LIST_COST } from './cost.ts';
import { emitView } from './emit-view.ts';
import { type ChangeEvent, Follower, type FollowerOptions } from './follower.ts';
import { createNotifierList, createNotifierWithReturnList, type NotifierList } from './notifier.ts';
import { createPlugHandlers } from './plug-handlers.ts';

const ADDITIONS: readonly Addition[] = [
  { id: 'replay', guards: 'hotplug', what: 'a consumer that comes late is told what is shared already; needs the shared bitmap' },
  { id: 'teardown', guards: 'hotplug', what: 'a consumer that goes loses its mappings' },
  { id: 'clip', guards: 'bounded', what: 'an event is cut to the pages a section shows, and translated to its address' },
  { id: 'granularity', guards: 'legal-calls', what: 'one mapping per page, so that any page can go alone' },
  { id: 'plugged-query', guards: 'coexist', what: 'a conversion maps only what the stock manager says is plugged' },
  { id: 'shared-query', guards: 'coexist', what: 'a plug, or a replay, maps only what the shared bitmap says is shared' },
  { id: 'state-view', guards: 'consumers-see', what: 'dump and migration see private pages, marked as such' },
  { id: 'map-veto', guards: 'complete', what: 'a list with return: a refused map ends the conversion' },
  { id: 'unmap-veto', guards: 'coherent', what: 'a list with return: a refused unmap ends it before anything is freed' },
  { id: 'rollback', guards: 'atomic', what: 'a second list tells who acted already to take it back' },
  { id: 'restore', guards: 'atomic', what: 'the side is switched back after a refused sharing, and its frames freed' },
  { id: 'unmap-first', guards: 'order', what: 'to private is announced before the side is switched' },
  { id: 'unplug-veto', guards: 'coexist', what: 'unplug is announced before RAM is discarded, and may be refused' },
  { id: 'private-side', guards: 'complete', what: 'two more lists, for a consumer that wants private pages too (hypothetical: SEV-TIO)' },
  { id: 'huge-pages', guards: 'bounded', what: 'a huge page of the shared side is freed once no page of it is shared' },
  { id: 'slot-readd', guards: 'coexist', what: 'a memslot that comes again is private, as KVM takes it, whatever was shared there' },
  { id: 'exact-unmaps', guards: 'legal-calls', what: 'only what is mapped is unmapped, in the shape the consumer asks' },
];

/** Which additions are in force. */
export type Has = (id: string) => boolean;

export class ConversionNotifier {
  readonly converting: NotifierList<ChangeEvent, Status> = createNotifierWithReturnList();
  readonly unplugging: NotifierList<ChangeEvent, Status> = createNotifierWithReturnList();
  readonly aborted: NotifierList<ChangeEvent, void> = createNotifierList();
  /** For those who want private pages: told of each conversion at the other moment, before a sharing and after its opposite. */
  readonly otherSide: Pick<ConversionNotifier, 'converting' | 'aborted'> = {
    converting: createNotifierWithReturnList(),
    aborted: createNotifierList(),
  };
  readonly #host: Host;
  readonly #has: Has;
  readonly #followerOptions: FollowerOptions;
  readonly #blocks = new Map<RamBlock, BlockState>();
  #followers: readonly Follower[] = [];
  readonly #leftOvers = new LeftOvers();

  constructor(host: Host, has: Has) {
    this.#host = host;
    this.#has = has;
    this.#followerOptions = {
      tracking: {
        granulePages: has('granularity') ? 1 : 'run',
        exactUnmaps: has('exact-unmaps'),
        clip: has('clip'),
        rollback: has('rollback'),
      },
      askPlugged: has('plugged-query'),
      askShared: has('shared-query'),
    };
  }

  instance(): Instance {
    return {
      addBlock: (block) => {
        this.#blocks.set(block, new BlockState(block));
        return 0;
      },
      removeBlock: (block) => {
        assert(this.followersOf(block).length === 0, 'a block goes after its consumers');
        this.#blocks.delete(block);
      },
      subscribe: (consumer, section) => this.#subscribe(consumer, section),
      unsubscribe: (consumer, section) => this.#unsubscribe(consumer, section),
      convert: (request, to) => this.#convert(this.stateOf(request.pages.block), request, to),
      reset: () => this.#reset(),
      ...createPlugHandlers(this, this.#has),
      runs: (block, view, firstPage, endPage, emit) =>
        emitView(this.stateOf(block), view, this.#has('state-view'), firstPage, endPage, emit),
    };
  }

  stateOf(block: RamBlock): BlockState {
    const state = this.#blocks.get(block);
    assert(state !== undefined, 'a block is added before it is used');
    return state;
  }

  followersOf(block: RamBlock): readonly Follower[] {
    return this.#followers.filter((follower) => follower.tracker.section.block === block);
  }

  #subscribe(consumer: Consumer, section: Section): Status {
    if (consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const leftOver = this.#leftOvers.settle(consumer, section);
    if (leftOver !== 0) return leftOver;
    const state = this.stateOf(section.block);
    const coming = this.#sidesOf(consumer).map((side) => new Follower(state, consumer, section, this.#optionsFor(side)));
    for (const [at, follower] of coming.entries()) {
      const status = this.#has('replay') ? follower.replay() : 0;
      if (status === 0) continue;
      for (const earlier of coming.slice(0, at)) earlier.tracker.undo();
      return status;
    }
    for (const follower of coming) this.#join(state, follower, section);
    return 0;
  }

  #join(state: BlockState, follower: Follower, section: Section): void {
    const { converting, aborted } = this.#listsOf(follower.tracker.side);
    this.#followers = [...this.#followers, follower];
    converting.add(follower.onChange);
    this.unplugging.add(follower.onChange);
    aborted.add(follower.onAborted);
    state.plugged?.manager.join(follower, section);
  }

  #sidesOf({ sides }: Consumer): Side[] {
    const wanted: Side[] = sides === 'both' ? ['shared', 'private'] : [sides];
    return this.#has('private-side') ? wanted : ['shared'];
  }

  #optionsFor(side: Side): FollowerOptions {
    return { ...this.#followerOptions, tracking: { ...this.#followerOptions.tracking, side } };
  }

  #listsOf(side: Side): Pick<ConversionNotifier, 'converting' | 'aborted'> {
    return side === 'shared' ? this : this.otherSide;
  }

  #unsubscribe(consumer: Consumer, section: Section): void {
    const isLeaving = ({ tracker }: Follower): boolean => tracker.consumer === consumer && tracker.section === section;
    const leaving = this.#followers.filter(isLeaving);
    assert(leaving.length > 0, 'a consumer leaves a section it follows');
    this.#followers = this.#followers.filter((follower) => !isLeaving(follower));
    const isLast = !this.#followers.some(({ tracker }) => tracker.consumer === consumer);
    for (const follower of leaving) {
      const { converting, aborted } = this.#listsOf(follower.tracker.side);
      converting.remove(follower.onChange);
      this.unplugging.remove(follower.onChange);
      aborted.remove(follower.onAborted);
      this.stateOf(section.block).plugged?.manager.leave(follower);
      if (this.#has('teardown')) this.#leftOvers.leave(follower.tracker, isLast);
    }
  }

  #convert(state: BlockState, request: ConversionRequest, to: Side): Status {
    if (request.pages.endPage > state.block.pageCount) return -ERRNO.EINVAL;
    return to === 'shared' ? this.#share(state, request) : this.#unshare(state, request);
  }

  #share(state: BlockState, request: ConversionRequest): Status {
    const { pages } = request;
    const wasPrivate = clearRuns(state.shared, pages);
    const event: ChangeEvent = { range: pages, to: 'shared' };
    const lifted = this.otherSide.converting.notify(event);
    const switched = lifted !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'shared');
    if (switched !== 0) {
      this.otherSide.aborted.notify(event);
      return switched;
    }
    if (this.converting.notify(event) !== 0 && this.#has('map-veto')) {
      this.aborted.notify(event);
      if (this.#has('restore')) takeBack(this.#host, request, wasPrivate, this.#holders(state, 'shared'));
      this.otherSide.aborted.notify(event);
      return -ERRNO.EAGAIN;
    }
    state.shared.set(pages.firstPage, pages.endPage);
    return discardOther(this.#host, pages, 'shared');
  }

  #holders(state: BlockState, side: Side): Holders {
    const followers = this.followersOf(state.block).filter(({ tracker }) => tracker.side === side);
    return {
      isHeld: (page) => followers.some(({ tracker }) => tracker.mapped.test(page)),
      keep: ({ firstPage, endPage }) => state.shared.assign(firstPage, endPage, side === 'shared'),
      isAllPrivate: this.#isAllPrivate(state),
    };
  }

  #isAllPrivate({ shared }: BlockState): IsAllPrivate | undefined {
    return this.#has('huge-pages') ? (first, end) => shared.allClear(first, end) : undefined;
  }

  #unshare(state: BlockState, request: ConversionRequest): Status {
    const { pages } = request;
    const event: ChangeEvent = { range: pages, to: 'private' };
    if (!this.#has('unmap-first')) return this.#unshareTellLast(state, request, event);
    const wasShared = setRuns(state.shared, pages);
    const refused = this.converting.notify(event) !== 0 && this.#has('unmap-veto');
    const switched = refused ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'private');
    if (switched !== 0) {
      this.aborted.notify(event);
      return switched;
    }
    if (this.otherSide.converting.notify(event) !== 0) {
      this.otherSide.aborted.notify(event);
      takeBack(this.#host, request, wasShared, this.#holders(state, 'private'), 'shared');
      this.aborted.notify(event);
      return -ERRNO.EAGAIN;
    }
    state.shared.clear(pages.firstPage, pages.endPage);
    return discardOther(this.#host, pages, 'private', this.#isAllPrivate(state));
  }

  /** The ablation of `unmap-first`: everybody hears of it when it has happened. */
  #unshareTellLast(state: BlockState, request: ConversionRequest, event: ChangeEvent): Status {
    const switched = switchSide(this.#host, request, 'private');
    if (switched !== 0) return switched;
    state.shared.clear(event.range.firstPage, event.range.endPage);
    const status = discardOther(this.#host, event.range, 'private', this.#isAllPrivate(state));
    this.converting.notify(event);
    return status;
  }

  /** Only blocks that can be private lose anything. */
  #reset(): Status {
    const states = [...this.#blocks.values()].filter(({ block }) => block.hasGuestMemfd);
    const events = states.map(
      ({ block }): ChangeEvent => ({ range: { block, firstPage: 0, endPage: block.pageCount }, to: 'private' }),
    );
    if (events.some((event) => this.converting.notify(event) !== 0) && this.#has('unmap-veto')) {
      for (const event of events) this.aborted.notify(event);
      return -ERRNO.EAGAIN;
    }
    for (const state of states) {
      const { block, shared } = state;
      shared.clear(0, block.pageCount);
      discardOther(this.#host, { block, firstPage: 0, endPage: block.pageCount }, 'private', this.#isAllPrivate(state));
    }
    return 0;
  }
}

export const notifierList: Strategy = {
  id: 'notifier-list',
  title: 'Design 1: notifier list beside the stock RDM',
  source: 'RFC series 20240725072118.358923-1, Open section, first way; built here',
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
  cost: NOTIFIER_LIST_COST,
  create: (host, without) => new ConversionNotifier(host, (id) => !without.has(id)).instance(),
};
