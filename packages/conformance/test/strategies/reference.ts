// SPDX-License-Identifier: MIT
/**
 * A design that is neither of the two under study: slow, short and right. It keeps one truth value per page and, at
 * every change, compares for each consumer, side, section and page of the block what is mapped with what is wanted
 * (plugged, and on that side), maps and unmaps single pages until both agree, and undoes all of it at the first refusal.
 *
 *   conversion: agree without the side that is left -> switch the side -> agree with the new one -> free the old one
 *                                                                      refused: undo, side back, agree again, -EAGAIN
 *   plug:       agree with before -> agree with after                  refused: undo, the device answers BUSY
 *   unplug:     agree -> the device frees its RAM                      refused: undo, the device answers BUSY
 *
 * One lock around everything. That the suite passes it shows that the suite asks for coherence, not for a manager or a list. Not covered: speed.
 */
import {
  type Consumer,
  type ConversionRequest,
  discardOther,
  ERRNO,
  type Host,
  type Instance,
  type IsAllPrivate,
  lockedInstance,
  otherSide,
  type PageRange,
  type PlugEvents,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
  switchSide,
} from '@sda-lab/guest-memory';

/** One side of one consumer at one section: by block page, whether it holds a mapping. */
interface Follower {
  readonly consumer: Consumer;
  readonly section: Section;
  readonly side: Side;
  readonly mapped: boolean[];
}

interface BlockState {
  readonly block: RamBlock;
  shared: boolean[];
  plugged: boolean[];
  hasSource: boolean;
}

/** On which side a page is wanted after the change under way; without one, as things stand. */
type Wanted = (page: number) => Side | undefined;

interface Step {
  readonly follower: Follower;
  readonly page: number;
  readonly isMap: boolean;
}

class Reference {
  readonly #host: Host;
  readonly #states = new Map<RamBlock, BlockState>();
  #followers: readonly Follower[] = [];
  /** Of sections that went. */
  #left: readonly Follower[] = [];
  #journal: Step[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  instance(): Instance {
    return {
      addBlock: (block) => {
        const shared = block.hasGuestMemfd ? [] : everyPage(block);
        this.#states.set(block, { block, shared, plugged: everyPage(block), hasSource: false });
        return 0;
      },
      removeBlock: (block) => {
        this.#states.delete(block);
      },
      attachSource: (block, source) => this.#attachSource(this.#stateOf(block), source),
      detachSource: (block) => this.#detachSource(this.#stateOf(block)),
      subscribe: (consumer, section) => this.#subscribe(consumer, section),
      unsubscribe: (consumer, section) => this.#unsubscribe(consumer, section),
      convert: (request, to) => (to === 'shared' ? this.#share(request) : this.#unshare(request)),
      reset: () => this.#reset(),
      plug: this.#plugEvents(),
      runs: (block, view, firstPage, endPage, emit) => {
        const { shared, plugged } = this.#stateOf(block);
        const hidesPrivate = view === 'dma' || view === 'translate';
        for (let page = firstPage; page < endPage; page += 1) {
          const side: Side = shared[page] === true ? 'shared' : 'private';
          if (plugged[page] !== true || (hidesPrivate && side === 'private')) continue;
          const status = emit(page, page + 1, side);
          if (status !== 0) return status;
        }
        return 0;
      },
    };
  }

  #attachSource(state: BlockState, source: Parameters<Instance['attachSource']>[1]): Status {
    if (state.hasSource) return -ERRNO.EBUSY;
    const plugged = everyPage(state.block).map((_, page) => source.isPlugged(page, page + 1));
    const status = this.#agree(state, this.#now({ ...state, plugged }));
    if (status !== 0) return status;
    state.plugged = plugged;
    state.hasSource = true;
    return 0;
  }

  #detachSource(state: BlockState): Status {
    if (!state.hasSource) return -ERRNO.ENOENT;
    const leftOver = this.#agree(state, this.#now(state));
    if (leftOver !== 0) return leftOver;
    const status = this.#agree(state, this.#now({ ...state, plugged: everyPage(state.block) }));
    if (status !== 0) return status;
    state.plugged = everyPage(state.block);
    state.hasSource = false;
    return 0;
  }

  #subscribe(consumer: Consumer, section: Section): Status {
    if (consumer.smallestPages > 1) return -ERRNO.EINVAL;
    const leftOver = this.#letGo(consumer, section);
    if (leftOver !== 0) return leftOver;
    const sides = (['shared', 'private'] as const).filter((side) => consumer.sides === 'both' || consumer.sides === side);
    const coming = sides.map((side): Follower => ({ consumer, section, side, mapped: [] }));
    const now = this.#now(this.#stateOf(section.block));
    this.#journal = [];
    const status = this.#agreeEach(coming, now);
    if (status === 0) this.#followers = [...this.#followers, ...coming];
    else this.#undo();
    return status;
  }

  #unsubscribe(consumer: Consumer, section: Section): void {
    const isLeaving = (one: Follower): boolean => one.consumer === consumer && one.section === section;
    const leaving = this.#followers.filter(isLeaving);
    this.#followers = this.#followers.filter((one) => !isLeaving(one));
    for (const one of leaving) for (const [page, isMapped] of one.mapped.entries()) if (isMapped) this.#perform(one, page, false);
    // A consumer that follows nothing any more is closed, with all its mappings.
    const isClosed = !this.#followers.some((one) => one.consumer === consumer);
    this.#left = [...this.#left, ...leaving].filter((one) => !isClosed || one.consumer !== consumer);
  }

  /** Unmaps what a consumer would not let go of when the section went last. */
  #letGo(consumer: Consumer, section: Section): Status {
    for (const one of this.#left) {
      if (one.consumer !== consumer || one.section.block !== section.block) continue;
      for (const [page, isMapped] of one.mapped.entries()) {
        const status = isMapped ? this.#perform(one, page, false) : 0;
        if (status !== 0) return status;
      }
    }
    return 0;
  }

  #share(request: ConversionRequest): Status {
    const { block, firstPage, endPage } = request.pages;
    const state = this.#stateOf(block);
    const status = this.#moveTo('shared', state, request);
    if (status !== 0) return status;
    for (let page = firstPage; page < endPage; page += 1) state.shared[page] = true;
    return discardOther(this.#host, request.pages, 'shared');
  }

  /** Mappings of the side that is left go, the side is switched, mappings of the new side come; or nothing of it. */
  #moveTo(to: Side, state: BlockState, request: ConversionRequest): Status {
    const now = this.#now(state);
    const { pages } = request;
    if (this.#agree(state, (page) => (isIn(pages, page) && now(page) !== to ? undefined : now(page))) !== 0) return -ERRNO.EAGAIN;
    const switched = switchSide(this.#host, request, to);
    const after: Wanted = (page) => (isIn(pages, page) && state.plugged[page] === true ? to : now(page));
    const mapped = switched === 0 ? this.#agree(state, after) : 0;
    if (switched === 0 && mapped === 0) return 0;
    if (mapped !== 0) {
      for (let page = pages.firstPage; page < pages.endPage; page += 1) this.#keepHeld(to, state, page);
      for (let page = pages.firstPage; page < pages.endPage; page += 1) this.#takeBack(to, state, request, page);
    }
    this.#settle(state, now);
    return switched === 0 ? -ERRNO.EAGAIN : switched;
  }

  /** A page that somebody would not let go on the new side stays there; a retry then completes it. */
  #keepHeld(to: Side, state: BlockState, page: number): void {
    const isHeldBy = ({ section, side, mapped }: Follower): boolean =>
      section.block === state.block && side === to && mapped[page] === true;
    if (this.#followers.some(isHeldBy)) state.shared[page] = to === 'shared';
  }

  /** Every other page goes back to its side. */
  #takeBack(to: Side, state: BlockState, { pages, gfns }: ConversionRequest, page: number): void {
    if ((state.shared[page] === true) === (to === 'shared')) return;
    const gfn = gfns.firstGfn + page - pages.firstPage;
    const part = { block: state.block, firstPage: page, endPage: page + 1 };
    switchSide(this.#host, { pages: part, gfns: { firstGfn: gfn, endGfn: gfn + 1 } }, otherSide(to));
    discardOther(this.#host, part, otherSide(to), isAllPrivate(state));
  }

  #unshare(request: ConversionRequest): Status {
    const state = this.#stateOf(request.pages.block);
    const status = this.#moveTo('private', state, request);
    if (status !== 0) return status;
    for (let page = request.pages.firstPage; page < request.pages.endPage; page += 1) state.shared[page] = false;
    return discardOther(this.#host, request.pages, 'private', isAllPrivate(state));
  }

  #reset(): Status {
    this.#journal = [];
    for (const state of this.#states.values()) {
      if (this.#agreeAll(state, (page) => (state.block.hasGuestMemfd ? undefined : this.#now(state)(page))) === 0) continue;
      this.#undo();
      return -ERRNO.EAGAIN;
    }
    for (const state of this.#states.values()) {
      if (!state.block.hasGuestMemfd) continue;
      state.shared = [];
      discardOther(this.#host, { block: state.block, firstPage: 0, endPage: state.block.pageCount }, 'private', isAllPrivate(state));
    }
    return 0;
  }

  #plugEvents(): PlugEvents {
    const willUnplug = (range: PageRange): Status => {
      const state = this.#stateOf(range.block);
      const now = this.#now(state);
      return this.#agree(state, (page) => (isIn(range, page) ? undefined : now(page)));
    };
    const setPlugged = (range: PageRange, isPlugged: boolean): void => {
      this.#stateOf(range.block).plugged.fill(isPlugged, range.firstPage, range.endPage);
    };
    return {
      willPlug: (_source, range) => {
        const state = this.#stateOf(range.block);
        const now = this.#now(state);
        // A mapping that an aborted plug left behind leads to a frame that was freed since: it goes first.
        const leftOver = this.#agree(state, now);
        if (leftOver !== 0) return leftOver;
        const whole = this.#now({ ...state, plugged: everyPage(state.block) });
        return this.#agree(state, (page) => (isIn(range, page) ? whole(page) : now(page)));
      },
      plugAborted: () => undefined,
      plugged: (_source, range) => setPlugged(range, true),
      willUnplug: (_source, range) => willUnplug(range),
      unplugAborted: (_source, range) => {
        const state = this.#stateOf(range.block);
        this.#agree(state, this.#now(state));
      },
      discarded: () => undefined,
      unplugged: (_source, range) => setPlugged(range, false),
      willUnplugAll: (_source, range) => willUnplug(range),
      discardedAll: () => undefined,
      slotAdded: (_source, range) => {
        this.#stateOf(range.block).shared.fill(false, range.firstPage, range.endPage);
      },
      loaded: (_source, range, plugged) => {
        const state = this.#stateOf(range.block);
        plugged(range.firstPage, range.endPage, (first, end) => {
          state.plugged.fill(true, first, end);
          return 0;
        });
        return this.#agree(state, this.#now(state));
      },
    };
  }

  #now({ shared, plugged }: BlockState): Wanted {
    return (page) => (plugged[page] !== true ? undefined : shared[page] === true ? 'shared' : 'private');
  }

  /** Every consumer maps what is wanted and nothing else; the first refusal undoes all of it. */
  #agree(state: BlockState, wanted: Wanted): Status {
    this.#journal = [];
    const status = this.#agreeAll(state, wanted);
    if (status !== 0) this.#undo();
    return status;
  }

  #agreeAll(state: BlockState, wanted: Wanted): Status {
    return this.#agreeEach(this.#followers.filter(({ section }) => section.block === state.block), wanted);
  }

  #agreeEach(followers: readonly Follower[], wanted: Wanted): Status {
    for (const follower of followers) {
      for (const { page, isMap } of differences(follower, wanted)) {
        const status = this.#perform(follower, page, isMap);
        if (status !== 0) return status;
      }
    }
    return 0;
  }

  /** As far as it goes: what is refused stays as it is, and `mapped` says so. */
  #settle(state: BlockState, wanted: Wanted): void {
    for (const follower of this.#followers) {
      if (follower.section.block !== state.block) continue;
      for (const { page, isMap } of differences(follower, wanted)) this.#perform(follower, page, isMap);
    }
    this.#journal = [];
  }

  #perform(follower: Follower, page: number, isMap: boolean): Status {
    const { consumer, section, side, mapped } = follower;
    const status = isMap ? consumer.mapRun(section, side, page, 1, 1) : consumer.unmapRun(section, side, page, 1);
    if (status !== 0) return status;
    mapped[page] = isMap;
    this.#journal.push({ follower, page, isMap });
    return 0;
  }

  /** Last step first; what is refused stays, and `mapped` says so. */
  #undo(): void {
    for (const { follower, page, isMap } of this.#journal.splice(0).toReversed()) this.#perform(follower, page, !isMap);
    this.#journal = [];
  }

  #stateOf(block: RamBlock): BlockState {
    return this.#states.get(block)!;
  }
}

function isAllPrivate({ shared }: BlockState): IsAllPrivate {
  return (first, end) => !shared.slice(first, end).includes(true);
}

/** Pages of a follower's section that are mapped and not wanted on its side, or the other way round. */
function differences({ section, side, mapped }: Follower, wanted: Wanted): { page: number; isMap: boolean }[] {
  const pages = Array.from({ length: section.pageCount }, (_, at) => section.firstPage + at);
  return pages.filter((page) => (mapped[page] === true) !== (wanted(page) === side)).map((page) => ({ page, isMap: wanted(page) === side }));
}

function everyPage(block: RamBlock): boolean[] {
  return Array.from({ length: block.pageCount }, () => true);
}

function isIn({ firstPage, endPage }: PageRange, page: number): boolean {
  return page >= firstPage && page < endPage;
}

export const reference: Strategy = {
  id: 'reference',
  title: 'Test: every page compared at every change',
  source: 'written for the tests of the suite',
  discardRequirement: 'coordinated',
  requestPath: 'per-section',
  listener: { rollback: 'none', admission: 'refuse', awaitsAttach: true, refusedSection: 'return', fineGranule: 'ask' },
  capabilities: { virtioMem: true, views: true, assignment: true, reset: 'rebuild', regimes: ['two-backend', 'in-place'], tdisp: true },
  additions: [],
  cost: {
    stateBits: { perPage: ['shared', 'plugged'], perFollower: ['mapped'], asked: [] },
    interfaceMembers: [],
    changedMembers: [],
    changedUsers: [],
    source: 'for tests; nobody programs against it',
  },
  create: (host) => lockedInstance(new Reference(host).instance(), host, 'reference'),
};
