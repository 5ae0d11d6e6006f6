// SPDX-License-Identifier: MIT
/**
 * A design that is neither of the two under study: slow, short and right. It keeps one truth value per page and, at
 * every change, compares for each consumer, section and page of the block what is mapped with what is wanted
 * (plugged AND shared), maps and unmaps single pages until both agree, and undoes all of it at the first refusal.
 *
 *   to shared:  switch the side -> agree -> free the private side      refused: undo, side back, -EAGAIN
 *   to private: agree -> switch the side -> free the shared side       refused: undo, -EAGAIN
 *   plug:       agree with before -> agree with after                  refused: undo, the device answers BUSY
 *   unplug:     agree -> the device frees its RAM                      refused: undo, the device answers BUSY
 *
 * That the suite passes it shows that the suite asks for coherence, not for a manager or a list. Not covered: speed.
 */
import {
  type Consumer,
  type ConversionRequest,
  discardOther,
  ERRNO,
  type Host,
  type Instance,
  type PageRange,
  type PlugEvents,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
  switchSide,
} from '@sda-lab/guest-memory';

/** One consumer at one section: by block page, whether it holds a mapping. */
interface Follower {
  readonly consumer: Consumer;
  readonly section: Section;
  readonly mapped: boolean[];
}

interface BlockState {
  readonly block: RamBlock;
  shared: boolean[];
  plugged: boolean[];
  hasSource: boolean;
}

/** Which pages are wanted after the change under way; without one, as things stand. */
type Wanted = (page: number) => boolean;

interface Step {
  readonly follower: Follower;
  readonly page: number;
  readonly isMap: boolean;
}

class Reference {
  readonly #host: Host;
  readonly #states = new Map<RamBlock, BlockState>();
  #followers: readonly Follower[] = [];
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
      subscribe: (consumer, section) => this.#subscribe({ consumer, section, mapped: [] }),
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
    const status = this.#agree(state, (page) => state.shared[page] === true && plugged[page] === true);
    if (status !== 0) return status;
    state.plugged = plugged;
    state.hasSource = true;
    return 0;
  }

  #detachSource(state: BlockState): Status {
    if (!state.hasSource) return -ERRNO.ENOENT;
    const status = this.#agree(state, (page) => state.shared[page] === true);
    if (status !== 0) return status;
    state.plugged = everyPage(state.block);
    state.hasSource = false;
    return 0;
  }

  #subscribe(follower: Follower): Status {
    if (follower.consumer.smallestPages > 1) return -ERRNO.EINVAL;
    this.#journal = [];
    const status = this.#agreeOne(follower, this.#now(this.#stateOf(follower.section.block)));
    if (status === 0) this.#followers = [...this.#followers, follower];
    else this.#undo();
    return status;
  }

  #unsubscribe(consumer: Consumer, section: Section): void {
    const leaving = this.#followers.find((one) => one.consumer === consumer && one.section === section)!;
    this.#followers = this.#followers.filter((one) => one !== leaving);
    for (const [page, isMapped] of leaving.mapped.entries()) if (isMapped) this.#perform(leaving, page, false);
  }

  #share(request: ConversionRequest): Status {
    const { block, firstPage, endPage } = request.pages;
    const state = this.#stateOf(block);
    const switched = switchSide(this.#host, request, 'shared');
    if (switched !== 0) return switched;
    const after: Wanted = (page) => state.plugged[page] === true && (state.shared[page] === true || isIn(request.pages, page));
    if (this.#agree(state, after) !== 0) {
      for (let page = firstPage; page < endPage; page += 1) this.#takeBack(state, request, page);
      return -ERRNO.EAGAIN;
    }
    for (let page = firstPage; page < endPage; page += 1) state.shared[page] = true;
    return discardOther(this.#host, request.pages, 'shared');
  }

  /** A page that was private turns private again, unless somebody would not let it go; a retry then completes it. */
  #takeBack(state: BlockState, { pages, gfns }: ConversionRequest, page: number): void {
    if (state.shared[page] === true) return;
    if (this.#followers.some(({ section, mapped }) => section.block === state.block && mapped[page] === true)) {
      state.shared[page] = true;
      return;
    }
    const gfn = gfns.firstGfn + page - pages.firstPage;
    const part = { block: state.block, firstPage: page, endPage: page + 1 };
    switchSide(this.#host, { pages: part, gfns: { firstGfn: gfn, endGfn: gfn + 1 } }, 'private');
    discardOther(this.#host, part, 'private');
  }

  #unshare(request: ConversionRequest): Status {
    const state = this.#stateOf(request.pages.block);
    const now = this.#now(state);
    if (this.#agree(state, (page) => now(page) && !isIn(request.pages, page)) !== 0) return -ERRNO.EAGAIN;
    const switched = switchSide(this.#host, request, 'private');
    if (switched !== 0) {
      this.#agree(state, now);
      return switched;
    }
    for (let page = request.pages.firstPage; page < request.pages.endPage; page += 1) state.shared[page] = false;
    return discardOther(this.#host, request.pages, 'private');
  }

  #reset(): Status {
    this.#journal = [];
    for (const state of this.#states.values()) {
      if (this.#agreeAll(state, (page) => !state.block.hasGuestMemfd && this.#now(state)(page)) === 0) continue;
      this.#undo();
      return -ERRNO.EAGAIN;
    }
    for (const state of this.#states.values()) {
      if (!state.block.hasGuestMemfd) continue;
      state.shared = [];
      discardOther(this.#host, { block: state.block, firstPage: 0, endPage: state.block.pageCount }, 'private');
    }
    return 0;
  }

  #plugEvents(): PlugEvents {
    const willUnplug = (range: PageRange): Status => {
      const state = this.#stateOf(range.block);
      const now = this.#now(state);
      return this.#agree(state, (page) => now(page) && !isIn(range, page));
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
        return this.#agree(state, (page) => now(page) || (isIn(range, page) && state.shared[page] === true));
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
    };
  }

  #now({ shared, plugged }: BlockState): Wanted {
    return (page) => shared[page] === true && plugged[page] === true;
  }

  /** Every consumer maps what is wanted and nothing else; the first refusal undoes all of it. */
  #agree(state: BlockState, wanted: Wanted): Status {
    this.#journal = [];
    const status = this.#agreeAll(state, wanted);
    if (status !== 0) this.#undo();
    return status;
  }

  #agreeAll(state: BlockState, wanted: Wanted): Status {
    for (const follower of this.#followers) {
      if (follower.section.block !== state.block) continue;
      const status = this.#agreeOne(follower, wanted);
      if (status !== 0) return status;
    }
    return 0;
  }

  #agreeOne(follower: Follower, wanted: Wanted): Status {
    const { firstPage, pageCount } = follower.section;
    for (let page = firstPage; page < firstPage + pageCount; page += 1) {
      const isWanted = wanted(page);
      if ((follower.mapped[page] === true) === isWanted) continue;
      const status = this.#perform(follower, page, isWanted);
      if (status !== 0) return status;
    }
    return 0;
  }

  #perform(follower: Follower, page: number, isMap: boolean): Status {
    const { consumer, section, mapped } = follower;
    const status = isMap
      ? consumer.mapRun(section, 'shared', page, 1, 1)
      : consumer.unmapRun(section, 'shared', page, 1);
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
  listener: { rollback: 'none', admission: 'refuse' },
  capabilities: { virtioMem: true, views: true, assignment: true, reset: 'rebuild', regimes: ['two-backend', 'in-place'] },
  additions: [],
  cost: { stateBitsPerPage: '2 + 1 per container and section', interfaceMembers: 10, changedUsers: [] },
  create: (host) => new Reference(host).instance(),
};
