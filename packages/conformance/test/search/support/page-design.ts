// SPDX-License-Identifier: MIT
// A design for the per-page model that does right in a few lines, with state that can be stored in words; and faults to
// plant into it. One block, at most two followers, one bit per page.
import {
  type Cast,
  type Consumer,
  ERRNO,
  type Host,
  type Instance,
  NO_PLUG_EVENTS,
  type PlugSource,
  type Section,
  type Status,
  type Strategy,
  type Words,
} from '@sda-lab/guest-memory';

export type PageFault =
  /** Consumers told before a refusal are not put back. */
  | 'no-rollback'
  /** A consumer that comes late gets nothing. */
  | 'no-replay'
  /** A consumer that goes keeps its mappings. */
  | 'no-teardown'
  /** A refused map is taken for a success. */
  | 'no-veto'
  /** Refuses whatever it did before, from the second attach on. */
  | 'refuses'
  /** Throws when both consumers have page 0. */
  | 'throws'
  /** Its words leave the plugged pages out. */
  | 'short-words'
  /** Page 0 is never mapped while page 1 is. */
  | 'unequal-pages'
  /** A map refused by the second consumer is taken for a success. */
  | 'unequal-containers'
  /** The mappings of both consumers stand in one word. */
  | 'packed-words';

const PACKED_BITS = 8;

interface Follower {
  readonly consumer: Consumer;
  readonly section: Section;
  /** Of the consumer: 0 or 1. */
  readonly index: number;
  isThere: boolean;
  mapped: number;
}

class PageDesign {
  readonly #host: Host;
  readonly #fault: PageFault | undefined;
  readonly #followers: Follower[] = [];
  #shared = 0;
  #plugged = 0;

  constructor(host: Host, fault: PageFault | undefined) {
    this.#host = host;
    this.#fault = fault;
  }

  instance(hasWords: boolean): Instance {
    return {
      addBlock: () => 0,
      removeBlock: () => undefined,
      attachSource: (_block, source: PlugSource) => (source.granulePages === 1 ? 0 : -ERRNO.EINVAL),
      detachSource: () => 0,
      subscribe: (consumer, section) => this.#subscribe(consumer, section),
      unsubscribe: (consumer) => this.#unsubscribe(consumer),
      convert: ({ pages: { firstPage }, gfns }, to) => {
        const bit = 1 << firstPage;
        if (to === 'private') this.#unmap(bit);
        this.#host.setAttributes(gfns, to);
        const status = to === 'shared' && (this.#plugged & bit) !== 0 ? this.#map(bit) : 0;
        if (status !== 0) this.#host.setAttributes(gfns, 'private');
        else this.#shared = to === 'shared' ? this.#shared | bit : this.#shared & ~bit;
        return status === 0 ? 0 : -ERRNO.EAGAIN;
      },
      reset: () => 0,
      plug: {
        ...NO_PLUG_EVENTS,
        willPlug: (_source, { firstPage }) => this.#map((1 << firstPage) & this.#shared),
        plugAborted: () => undefined,
        plugged: (_source, { firstPage }) => {
          this.#plugged |= 1 << firstPage;
        },
        willUnplug: (_source, { firstPage }) => {
          this.#unmap(1 << firstPage);
          return 0;
        },
        discarded: () => undefined,
        unplugged: (_source, { firstPage }) => {
          this.#plugged &= ~(1 << firstPage);
        },
      },
      runs: () => 0,
      ...(hasWords && { words: (cast) => this.#words(cast) }),
    };
  }

  /** Sides, plug state, who follows, and the mappings of c0 and c1. */
  #words({ consumers, sections: [section] }: Cast): Words {
    for (const consumer of consumers) this.#meet(consumer, section!);
    const keepsPlugged = this.#fault !== 'short-words';
    const isPacked = this.#fault === 'packed-words';
    return {
      count: 5,
      store: (words, at) => {
        words[at] = this.#shared;
        words[at + 1] = keepsPlugged ? this.#plugged : 0;
        words[at + 2] = 0;
        words[at + 3] = 0;
        words[at + 4] = 0;
        for (const { index, isThere, mapped } of this.#followers) {
          if (isThere) words[at + 2]! |= 1 << index;
          if (isPacked) words[at + 3]! |= mapped << (PACKED_BITS * index);
          else words[at + 3 + index] = mapped;
        }
      },
      load: (words, at) => {
        this.#shared = words[at]!;
        this.#plugged = words[at + 1]!;
        for (const follower of this.#followers) {
          follower.isThere = (words[at + 2]! & (1 << follower.index)) !== 0;
          const packed = (words[at + 3]! >>> (PACKED_BITS * follower.index)) & ((1 << PACKED_BITS) - 1);
          follower.mapped = isPacked ? packed : words[at + 3 + follower.index]!;
        }
      },
    };
  }

  #meet(consumer: Consumer, section: Section): Follower {
    const known = this.#followers.find((one) => one.consumer === consumer);
    if (known !== undefined) return known;
    const follower = { consumer, section, index: Number(consumer.name.slice(1)), isThere: false, mapped: 0 };
    this.#followers.push(follower);
    this.#followers.sort((a, b) => a.index - b.index);
    return follower;
  }

  #subscribe(consumer: Consumer, section: Section): Status {
    const follower = this.#meet(consumer, section);
    if (this.#fault === 'refuses' && this.#followers.some(({ isThere }) => isThere)) return -ERRNO.EBUSY;
    if (this.#fault !== 'no-replay') {
      const status = this.#mapAt(follower, this.#shared & this.#plugged);
      if (status !== 0) return status;
    }
    follower.isThere = true;
    return 0;
  }

  #unsubscribe(consumer: Consumer): void {
    const follower = this.#followers.find((one) => one.consumer === consumer)!;
    if (this.#fault !== 'no-teardown') this.#unmapAt(follower, follower.mapped);
    follower.isThere = false;
  }

  /** At every follower, or at none. */
  #map(bits: number): Status {
    if (this.#fault === 'throws' && (bits & 1) !== 0 && this.#followers.filter(({ isThere }) => isThere).length === 2) {
      throw new Error('page 0 is too much');
    }
    for (const [at, follower] of this.#followers.entries()) {
      if (!follower.isThere) continue;
      if (this.#fault === 'unequal-pages' && bits === 1 && (follower.mapped & 2) !== 0) continue;
      const status = this.#mapAt(follower, bits);
      if (status === 0 || this.#fault === 'no-veto') continue;
      if (this.#fault === 'unequal-containers' && follower.index === 1) continue;
      if (this.#fault !== 'no-rollback') for (const told of this.#followers.slice(0, at)) this.#unmapAt(told, bits);
      return status;
    }
    return 0;
  }

  #unmap(bits: number): void {
    for (const follower of this.#followers) if (follower.isThere) this.#unmapAt(follower, bits);
  }

  /** All of them or none. */
  #mapAt(follower: Follower, bits: number): Status {
    for (let page = 0; bits >>> page !== 0; page += 1) {
      if ((bits & (1 << page)) === 0) continue;
      const status = follower.consumer.mapRun(follower.section, 'shared', page, 1, 1);
      if (status !== 0) {
        this.#unmapAt(follower, bits & ((1 << page) - 1));
        return status;
      }
      follower.mapped |= 1 << page;
    }
    return 0;
  }

  #unmapAt(follower: Follower, bits: number): void {
    for (let page = 0; bits >>> page !== 0; page += 1) {
      if ((bits & follower.mapped & (1 << page)) !== 0) follower.consumer.unmapRun(follower.section, 'shared', page, 1);
    }
    follower.mapped &= ~bits;
  }
}

/** The design, with a fault or right, with words or without. */
export function pageDesign(fault?: PageFault, hasWords = true): Strategy {
  return {
    id: 'page-design',
    title: 'a design of the tests',
    source: 'the tests',
    discardRequirement: 'coordinated',
    requestPath: 'per-section',
    listener: { rollback: 'none', admission: 'off', awaitsAttach: true, refusedSection: 'return' },
    capabilities: { virtioMem: true, views: false, assignment: true, reset: 'shutdown', regimes: ['two-backend'] },
    additions: [],
    cost: { stateBits: { perPage: [], perFollower: [], asked: [] }, interfaceMembers: [], changedMembers: [], changedUsers: [], source: '' },
    create: (host) => new PageDesign(host, fault).instance(hasWords),
  };
}
