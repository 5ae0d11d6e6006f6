// SPDX-License-Identifier: MIT
/**
 * A guest for the laws of words of designs that remember what each consumer has mapped: one instance with two blocks (one
 * longer than a word), five sections (an alias and two memslots among them), a consumer that takes ranges, one that takes
 * exact unmaps, one that takes both sides, and three plug sources, two of them of one block. Consumers refuse any call.
 *
 * Its words are the design's and those of the guest itself: attributes, what the sources call plugged, which are in, who
 * follows what, what is held. A look shows those and the design's views; nothing of a design that does right is hidden
 * from it. Not covered: in-place regime, huge pages, a host that refuses.
 */
import {
  assert,
  type Cast,
  ERRNO,
  type Host,
  type Instance,
  type PageRange,
  type PlugSource,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
  type View,
  type Words,
  type WordsSubject,
} from '@sda-lab/guest-memory';
import type { HoldingAct, HoldingDeed } from './holding-act.ts';
import { HoldingConsumer } from './holding-consumer.ts';

const VIEWS: readonly View[] = ['dma', 'migrate', 'dump', 'translate'];
const SIDES: readonly Side[] = ['shared', 'private'];
/** Of every source. */
const GRANULE_PAGES = 4;

type PlugDeed = Exclude<HoldingDeed, { readonly op: 'convert' | 'switch' | 'join' | 'reset' }>;

interface Slot {
  readonly consumer: HoldingConsumer;
  readonly section: Section;
}

interface Source {
  readonly block: RamBlock;
  readonly port: PlugSource;
}

export class HoldingGuest implements WordsSubject<HoldingAct> {
  readonly words: Words;
  readonly #instance: Instance;
  readonly #blocks: readonly [RamBlock, RamBlock];
  readonly #slots: readonly Slot[];
  readonly #sources: readonly Source[];
  /** Shared guest pages; granules that each source calls plugged; sources that are in; who follows: a bit each. */
  #state = { shared: 0n, plugged: [0, 0, 0], joined: 0, following: 0 };
  #calls: string[] = [];
  #refused = 0;

  /** `plant` puts a fault into the design's words. */
  constructor(strategy: Strategy, plant: (words: Words) => Words = (words) => words) {
    const block = { hasGuestMemfd: true, isPluggable: true };
    const ram: RamBlock = { ...block, name: 'ram', pageCount: 36, hostFirstPage: 0 };
    const slots: RamBlock = { ...block, name: 'slots', pageCount: 8, hostFirstPage: 100 };
    this.#blocks = [ram, slots];
    this.#instance = strategy.create(this.#createHost(), new Set());
    for (const one of this.#blocks) assert(this.#instance.addBlock(one) === 0, 'a block is taken');
    const sections = sectionsOf(ram, slots);
    const consumers = this.#createConsumers();
    this.#slots = consumers.flatMap((consumer) => sections.map((section) => ({ consumer, section })));
    this.#sources = [ram, ram, slots].map((of, at) => this.#createSource(of, at));
    const cast: Cast = { consumers, sections, sources: this.#sources.map(({ port }) => port) };
    const words = this.#instance.words?.(cast);
    assert(words !== undefined, 'the design has words');
    this.words = this.#withOwn(plant(words));
  }

  act({ deed, refused }: HoldingAct): string {
    this.#refused = refused;
    this.#calls = [];
    const status = this.#do(deed);
    return [status, ...this.#calls].join('; ');
  }

  look(): string {
    const own = new Int32Array(this.#ownCount);
    this.#storeOwn(own, 0);
    const runs: string[] = [];
    for (const block of this.#blocks) {
      for (const view of VIEWS) {
        runs.push(view);
        this.#instance.runs(block, view, 0, block.pageCount, (...run) => (runs.push(run.join('-')), 0));
      }
    }
    return `${own.join(' ')} ${runs.join(' ')}`;
  }

  #do(deed: HoldingDeed): Status | 'nothing' {
    switch (deed.op) {
      case 'convert': {
        const block = this.#blocks[deed.block]!;
        const firstPage = deed.firstPage % block.pageCount;
        const endPage = Math.min(firstPage + deed.pageCount, block.pageCount);
        const gfns = { firstGfn: block.hostFirstPage + firstPage, endGfn: block.hostFirstPage + endPage };
        return this.#instance.convert({ pages: { block, firstPage, endPage }, gfns }, deed.to);
      }
      case 'switch':
        return this.#switch(deed.slot);
      case 'join':
        return this.#join(deed.source);
      case 'reset': {
        const status = this.#instance.reset();
        if (status === 0) this.#state.shared = 0n;
        return status;
      }
      default:
        return (this.#state.joined & (1 << deed.source)) === 0 ? 'nothing' : this.#tellPlug(deed);
    }
  }

  /** A consumer that follows nothing any more is closed. */
  #switch(slot: number): Status {
    const { consumer, section } = this.#slots[slot]!;
    const bit = 1 << slot;
    const isFollowing = (this.#state.following & bit) !== 0;
    if (isFollowing) this.#instance.unsubscribe(consumer, section);
    const status = isFollowing ? 0 : this.#instance.subscribe(consumer, section);
    if (status === 0) this.#state.following ^= bit;
    const isOpen = this.#slots.some((other, at) => other.consumer === consumer && (this.#state.following & (1 << at)) !== 0);
    if (!isOpen) consumer.held.clear();
    return status;
  }

  #join(at: number): Status {
    const { block, port } = this.#sources[at]!;
    const isIn = (this.#state.joined & (1 << at)) !== 0;
    const status = isIn ? this.#instance.detachSource(block, port) : this.#instance.attachSource(block, port);
    if (status === 0) this.#state.joined ^= 1 << at;
    return status;
  }

  #tellPlug(deed: PlugDeed): Status {
    const { block, port } = this.#sources[deed.source]!;
    const whole: PageRange = { block, firstPage: 0, endPage: block.pageCount };
    const { plug } = this.#instance;
    switch (deed.op) {
      case 'load':
        return plug.loaded(port, whole, (first, end, emit) => this.#forEachPlugged(deed.source, first, end, emit));
      case 'slot-added':
        this.#setShared(block.hostFirstPage, block.hostFirstPage + block.pageCount, false);
        plug.slotAdded(port, whole);
        return 0;
      case 'unplug-all':
        return this.#unplug(deed.source, whole, true);
      default: {
        const granules = block.pageCount / GRANULE_PAGES;
        const first = deed.granule % granules;
        const end = Math.min(first + deed.count, granules);
        const range = { block, firstPage: first * GRANULE_PAGES, endPage: end * GRANULE_PAGES };
        return deed.op === 'plug' ? this.#plug(deed.source, range) : this.#unplug(deed.source, range, false);
      }
    }
  }

  #plug(source: number, range: PageRange): Status {
    const { port } = this.#sources[source]!;
    const { plug } = this.#instance;
    const status = plug.willPlug(port, range);
    if (status !== 0) {
      plug.plugAborted(port, range);
      return status;
    }
    this.#state.plugged[source]! |= granulesOf(range);
    plug.plugged(port, range);
    return 0;
  }

  #unplug(source: number, range: PageRange, isAll: boolean): Status {
    const { port } = this.#sources[source]!;
    const { plug } = this.#instance;
    const status = isAll ? plug.willUnplugAll(port, range) : plug.willUnplug(port, range);
    if (status !== 0) return status;
    if (isAll) plug.discardedAll(port, range);
    else plug.discarded(port, range);
    this.#state.plugged[source]! &= ~granulesOf(range);
    plug.unplugged(port, range);
    return 0;
  }

  #forEachPlugged(source: number, firstPage: number, endPage: number, emit: (first: number, end: number) => Status): Status {
    for (let page = firstPage; page < endPage; page += GRANULE_PAGES) {
      const isPlugged = (this.#state.plugged[source]! & (1 << (page / GRANULE_PAGES))) !== 0;
      const status = isPlugged ? emit(page, page + GRANULE_PAGES) : 0;
      if (status !== 0) return status;
    }
    return 0;
  }

  #createSource(block: RamBlock, at: number): Source {
    const isPlugged = (firstPage: number, endPage: number): boolean =>
      (~this.#state.plugged[at]! & granulesOf({ block, firstPage, endPage })) === 0;
    return { block, port: { name: `m${at}`, granulePages: GRANULE_PAGES, isPlugged } };
  }

  #createConsumers(): HoldingConsumer[] {
    const isRefused = (line: string): boolean => {
      const isThisOne = (this.#refused & 1) !== 0;
      this.#refused >>>= 1;
      this.#calls.push(isThisOne ? `${line} refused` : line);
      return isThisOne;
    };
    return [
      new HoldingConsumer({ name: 'c0', sides: 'shared', unmapShape: 'range', isRefused }),
      new HoldingConsumer({ name: 'c1', sides: 'shared', unmapShape: 'exact', isRefused }),
      new HoldingConsumer({ name: 'c2', sides: 'both', unmapShape: 'range', isRefused }),
    ];
  }

  #createHost(): Host {
    return {
      regime: 'two-backend',
      isDiscardDisabled: false,
      setAttributes: ({ firstGfn, endGfn }, side) => {
        this.#calls.push(`attributes ${firstGfn}-${endGfn} ${side}`);
        this.#setShared(firstGfn, endGfn, side === 'shared');
        return 0;
      },
      convertInPlace: () => -ERRNO.EINVAL,
      discard: ({ block, firstPage, endPage }, side) => {
        this.#calls.push(`discard ${side} ${block.name} ${firstPage}-${endPage}`);
        return 0;
      },
      lock: () => true,
      unlock: () => undefined,
      exit: (reason) => void this.#calls.push(`exit ${reason}`),
    };
  }

  #setShared(firstGfn: number, endGfn: number, isShared: boolean): void {
    const bits = ((1n << BigInt(endGfn - firstGfn)) - 1n) << BigInt(firstGfn);
    this.#state.shared = isShared ? this.#state.shared | bits : this.#state.shared & ~bits;
  }

  get #ownCount(): number {
    return 9 + this.#slots.length * SIDES.length * 2;
  }

  /** Numbers of the guest itself, in the order of its words. */
  #storeOwn(words: Int32Array, at: number): void {
    const { shared, plugged, joined, following } = this.#state;
    const held = this.#slots.flatMap(({ consumer, section }) => SIDES.map((side) => consumer.heldOf(section, side)));
    words.set([...plugged, joined, following], at);
    for (let word = 0; word < 4; word += 1) words[at + 5 + word] = Number(BigInt.asIntN(32, shared >> BigInt(32 * word)));
    for (const [index, bits] of held.entries()) {
      words[at + 9 + index * 2] = Number(BigInt.asIntN(32, bits));
      words[at + 10 + index * 2] = Number(BigInt.asIntN(32, bits >> 32n));
    }
  }

  #loadOwn(words: Int32Array, at: number): void {
    let shared = 0n;
    for (let word = 0; word < 4; word += 1) shared |= BigInt(words[at + 5 + word]! >>> 0) << BigInt(32 * word);
    this.#state = { shared, plugged: Array.from(words.subarray(at, at + 3)), joined: words[at + 3]!, following: words[at + 4]! };
    let index = at + 9;
    for (const { consumer, section } of this.#slots) {
      for (const side of SIDES) {
        consumer.hold(section, side, BigInt(words[index]! >>> 0) | (BigInt(words[index + 1]! >>> 0) << 32n));
        index += 2;
      }
    }
  }

  #withOwn(inner: Words): Words {
    const ownCount = this.#ownCount;
    return {
      count: ownCount + inner.count,
      get isWhole(): boolean {
        return inner.isWhole !== false;
      },
      store: (words, at) => {
        this.#storeOwn(words, at);
        inner.store(words, at + ownCount);
      },
      load: (words, at) => {
        const calls = this.#calls.length;
        inner.load(words, at + ownCount);
        assert(this.#calls.length === calls, 'a load calls nobody');
        this.#loadOwn(words, at);
      },
    };
  }
}

function sectionsOf(ram: RamBlock, slots: RamBlock): Section[] {
  return [
    { name: 'low', block: ram, firstPage: 0, pageCount: 20, firstGfn: 0, readonly: false },
    { name: 'high', block: ram, firstPage: 20, pageCount: 16, firstGfn: 20, readonly: false },
    { name: 'alias', block: ram, firstPage: 16, pageCount: 8, firstGfn: 60, readonly: false },
    { name: 'slot0', block: slots, firstPage: 0, pageCount: 4, firstGfn: 100, readonly: false },
    { name: 'slot1', block: slots, firstPage: 4, pageCount: 4, firstGfn: 104, readonly: false },
  ];
}

/** A bit per granule that a range touches. */
function granulesOf({ firstPage, endPage }: PageRange): number {
  const first = Math.floor(firstPage / GRANULE_PAGES);
  const end = Math.ceil(endPage / GRANULE_PAGES);
  return ((1 << (end - first)) - 1) << first;
}
