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
 * (`otherSide`) at the other moment: before a sharing, after its opposite. They leave before a reset. Who is told first
 * does not depend on who came first (`tellOrder`).
 *
 * Not upstream code: nobody posted any for this way (20240725072118.358923-1, "Open"). What a plain notifier list
 * lacks is `additions`, each a part with its switch. Left out: vIOMMU, granules above a page.
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
  type SectionTracker,
  setRuns,
  type Side,
  type Status,
  type Strategy,
  switchSide,
  takeBack,
  type TrackerOptions,
  type Words,
} from '@sda-lab/guest-memory';
import { BlockState } from './block-state.ts';
import { ConversionNotifier } from './conversion-notifier.ts';
import { NOTIFIER_LIST_COST } from './cost.ts';
import { emitView } from './emit-view.ts';
import { type ChangeEvent, Follower, type FollowerOptions } from './follower.ts';
import { ListWords } from './list-words.ts';
import { createPlugHandlers } from './plug-handlers.ts';

const ADDITIONS = [
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
  { id: 'lock', guards: 'complete', what: 'a lock around the lists: conversions, hot-add and plug requests exclude each other' },
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

export class NotifierListDesign {
  readonly notifier: ConversionNotifier;
  readonly #host: Host;
  readonly #has: Has;
  readonly #with: InForce;
  readonly #tracking: TrackerOptions;
  readonly #followerOptions: FollowerOptions;
  readonly #blocks = new Map<RamBlock, BlockState>();
  /** One for each tracker ever met. */
  readonly #met = new Map<SectionTracker, Follower>();

  constructor(host: Host, has: Has) {
    this.#host = host;
    this.notifier = new ConversionNotifier((reason) => host.exit(reason));
    this.#has = has;
    this.#with = Object.fromEntries(ADDITIONS.map(({ id }) => [id, has(id)])) as InForce;
    this.#tracking = {
      granulePages: has('granularity') ? 1 : 'run',
      exactUnmaps: has('exact-unmaps'),
      clip: has('clip'),
      rollback: has('rollback'),
      meter: host.meter,
    };
    this.#followerOptions = { askPlugged: has('plugged-query'), askShared: has('shared-query') };
  }

  instance(): Instance {
    return {
      addBlock: (block) => {
        this.#blocks.set(block, new BlockState(block, this.#tracking, (reason) => this.#host.exit(reason)));
        return 0;
      },
      removeBlock: (block) => {
        assert(this.notifier.followersOf(block).length === 0, 'a block goes after its consumers');
        this.#blocks.delete(block);
      },
      subscribe: (consumer, section) => this.#subscribe(this.#stateOf(section.block), consumer, section),
      unsubscribe: (consumer, section) => this.#unsubscribe(consumer, section),
      convert: (request, to) => this.#convert(this.#stateOf(request.pages.block), request, to),
      reset: () => this.#reset(),
      ...createPlugHandlers(this.notifier, (block) => this.#stateOf(block), this.#has),
      runs: (block, view, firstPage, endPage, emit) =>
        emitView(this.#stateOf(block), view, this.#with['state-view'], firstPage, endPage, emit),
      words: (cast) => this.#words(cast),
    };
  }

  #stateOf(block: RamBlock): BlockState {
    const state = this.#blocks.get(block);
    assert(state !== undefined, 'a block is added before it is used');
    return state;
  }

  #subscribe(state: BlockState, consumer: Consumer, section: Section): Status {
    if (consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const { followers } = state;
    const leftOver = followers.settle(consumer);
    if (leftOver !== 0) return leftOver;
    const coming = this.#sidesOf(consumer).map((side) => this.#meet(state, followers.follow(consumer, section, side)));
    for (const follower of coming) {
      const status = this.#with.replay ? follower.replay() : 0;
      if (status === 0) continue;
      followers.abandon(consumer, section);
      this.#closeIfLast(consumer);
      return status;
    }
    for (const follower of coming) this.notifier.join(follower);
    return 0;
  }

  #meet(state: BlockState, tracker: SectionTracker): Follower {
    const known = this.#met.get(tracker);
    if (known !== undefined) return known;
    const follower = new Follower(state, tracker, this.#followerOptions);
    this.#met.set(tracker, follower);
    return follower;
  }

  #sidesOf({ sides }: Consumer): readonly Side[] {
    return this.#with['private-side'] ? SIDES[sides] : SIDES.shared;
  }

  #unsubscribe(consumer: Consumer, section: Section): void {
    for (const follower of this.notifier.followers()) {
      const { tracker } = follower;
      if (tracker.consumer === consumer && tracker.section === section) this.notifier.part(follower);
    }
    this.#stateOf(section.block).followers.leave(consumer, section, this.#with.teardown);
    this.#closeIfLast(consumer);
  }

  #closeIfLast(consumer: Consumer): void {
    for (const { followers } of this.#blocks.values()) if (followers.isFollowedBy(consumer)) return;
    for (const { followers } of this.#blocks.values()) followers.close(consumer);
  }

  #convert(state: BlockState, request: ConversionRequest, to: Side): Status {
    if (request.pages.endPage > state.block.pageCount) return -ERRNO.EINVAL;
    return to === 'shared' ? this.#share(state, request) : this.#unshare(state, request);
  }

  #share(state: BlockState, request: ConversionRequest): Status {
    const { pages } = request;
    const event: ChangeEvent = { range: pages, to: 'shared' };
    const lifted = this.notifier.otherSide.converting.notify(event);
    const switched = lifted !== 0 ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'shared');
    if (switched !== 0) {
      this.notifier.otherSide.aborted.notify(event);
      return switched;
    }
    if (this.notifier.converting.notify(event) !== 0 && this.#with['map-veto']) {
      this.notifier.aborted.notify(event);
      const wasPrivate = clearRuns(state.shared, pages);
      if (this.#with.restore) takeBack(this.#host, request, wasPrivate, this.#holders(state, 'shared'));
      this.notifier.otherSide.aborted.notify(event);
      return -ERRNO.EAGAIN;
    }
    state.shared.set(pages.firstPage, pages.endPage);
    return discardOther(this.#host, pages, 'shared');
  }

  #holders(state: BlockState, side: Side): Holders {
    const followers = this.notifier.followersOf(state.block).filter(({ tracker }) => tracker.side === side);
    return {
      isHeld: (page) => followers.some(({ tracker }) => tracker.mapped.test(page)),
      keep: ({ firstPage, endPage }) => state.shared.assign(firstPage, endPage, side === 'shared'),
      isAllPrivate: this.#isAllPrivate(state),
    };
  }

  #isAllPrivate({ isAllPrivate }: BlockState): IsAllPrivate | undefined {
    return this.#with['huge-pages'] ? isAllPrivate : undefined;
  }

  #unshare(state: BlockState, request: ConversionRequest): Status {
    const { pages } = request;
    const event: ChangeEvent = { range: pages, to: 'private' };
    if (!this.#with['unmap-first']) return this.#unshareTellLast(state, request, event);
    const refused = this.notifier.converting.notify(event) !== 0 && this.#with['unmap-veto'];
    const switched = refused ? -ERRNO.EAGAIN : switchSide(this.#host, request, 'private');
    if (switched !== 0) {
      this.notifier.aborted.notify(event);
      return switched;
    }
    if (this.notifier.otherSide.converting.notify(event) !== 0) {
      this.notifier.otherSide.aborted.notify(event);
      takeBack(this.#host, request, setRuns(state.shared, pages), this.#holders(state, 'private'), 'shared');
      this.notifier.aborted.notify(event);
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
    this.notifier.converting.notify(event);
    return status;
  }

  /** Only blocks that can be private lose anything. */
  #reset(): Status {
    const states = [...this.#blocks.values()].filter(({ block }) => block.hasGuestMemfd);
    const events = states.map(
      ({ block }): ChangeEvent => ({ range: { block, firstPage: 0, endPage: block.pageCount }, to: 'private' }),
    );
    if (events.some((event) => this.notifier.converting.notify(event) !== 0) && this.#with['unmap-veto']) {
      for (const event of events) this.notifier.aborted.notify(event);
      return -ERRNO.EAGAIN;
    }
    for (const state of states) {
      const { block, shared } = state;
      shared.clear(0, block.pageCount);
      discardOther(this.#host, { block, firstPage: 0, endPage: block.pageCount }, 'private', this.#isAllPrivate(state));
    }
    return 0;
  }

  /** The shared bitmap of each block, what everybody holds, and who takes part. */
  #words(cast: Cast): Words {
    const states = [...this.#blocks.values()];
    const ofFollowers = new FollowerWords(states, cast, (consumer) => this.#sidesOf(consumer));
    const followers = ofFollowers.trackers.map((tracker) => this.#meet(this.#stateOf(tracker.section.block), tracker));
    return new DesignWords(
      [...states.map(({ shared }) => shared), ...ofFollowers.trackers.map(({ mapped }) => mapped)],
      [ofFollowers, new ListWords(this.notifier, followers)],
    );
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
  create: (host, without) => {
    const instance = new NotifierListDesign(host, (id) => !without.has(id)).instance();
    return without.has('lock') ? instance : lockedInstance(instance, host, 'notifier-list');
  },
};
