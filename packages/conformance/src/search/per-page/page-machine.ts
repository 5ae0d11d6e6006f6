// SPDX-License-Identifier: MIT
/**
 * The machine of the per-page model: one block of confidential RAM behind one virtio-mem-like plug source with blocks
 * of one page, and two containers. Everything is a bit per page: side, plugged, mapped.
 *
 * Left out against a world: frames and their contents, the discard itself, address spaces, a second block, locks. What
 * remains decides `mapped = attached AND shared AND plugged`, and runs on the design's own code through the same ports.
 */
import {
  type Cast,
  type ConversionRequest,
  ERRNO,
  type GfnRange,
  type Host,
  type Instance,
  type PageRange,
  type PlugSource,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
} from '@sda-lab/guest-memory';
import { bitsOf } from './page-bits.ts';
import { PageConsumer } from './page-consumer.ts';

export const CONTAINER_COUNT = 2;

export class PageMachine {
  readonly containers: readonly [PageConsumer, PageConsumer];
  /** Bit per page: what KVM's attributes say. */
  shared: number = 0;
  /** Bit per page: what the plug source says. */
  plugged: number = 0;
  /** Bit per container. */
  attached: number = 0;
  /** Why the VMM gave up, once it has. */
  exitReason: string | undefined = undefined;
  instance: Instance;
  readonly pageCount: number;
  /** Whether the design takes a plug source; without, every page is boot RAM and plugged. */
  readonly hasSource: boolean;
  readonly #strategy: Strategy;
  readonly #without: ReadonlySet<string>;
  readonly #block: RamBlock;
  readonly #section: Section;
  readonly #host: Host;
  readonly #source: PlugSource;
  readonly #ranges: readonly PageRange[];
  readonly #requests: readonly ConversionRequest[];

  constructor(strategy: Strategy, pageCount: number, without: ReadonlySet<string>) {
    this.pageCount = pageCount;
    this.#strategy = strategy;
    this.#without = without;
    const { rollback } = strategy.listener;
    this.containers = [new PageConsumer('c0', rollback), new PageConsumer('c1', rollback)];
    this.#block = { name: 'm0', pageCount, hostFirstPage: 0, hasGuestMemfd: true, isPluggable: true };
    this.#section = { name: 'm0', block: this.#block, firstPage: 0, pageCount, firstGfn: 0, readonly: false };
    this.#source = {
      name: 'm0',
      granulePages: 1,
      isPlugged: (firstPage, endPage) => (~this.plugged & bitsOf(firstPage, endPage)) === 0,
    };
    this.#host = this.#createHost();
    this.#ranges = Array.from({ length: pageCount }, (_, page) => ({ block: this.#block, firstPage: page, endPage: page + 1 }));
    this.#requests = this.#ranges.map((pages, page) => ({ pages, gfns: { firstGfn: page, endGfn: page + 1 } }));
    this.hasSource = this.#accepts();
    this.instance = this.#create();
  }

  /** Everybody the design may hear of. */
  get cast(): Cast {
    return { consumers: this.containers, sections: [this.#section], sources: [this.#source] };
  }

  /** A fresh machine with a fresh instance: all private, all unplugged where there is a source, nothing attached. */
  reset(): void {
    this.instance = this.#create();
  }

  /** The page goes to its other side. */
  convert(page: number): Status {
    return this.instance.convert(this.#requests[page]!, (this.shared & (1 << page)) === 0 ? 'shared' : 'private');
  }

  /** The page is plugged, or unplugged if it was. */
  plug(page: number): Status {
    const range = this.#ranges[page]!;
    const bit = 1 << page;
    const { plug } = this.instance;
    if ((this.plugged & bit) === 0) {
      const status = plug.willPlug(this.#source, range);
      if (status !== 0) {
        plug.plugAborted(this.#source, range);
        return status;
      }
      this.plugged |= bit;
      plug.plugged(this.#source, range);
      return 0;
    }
    const status = plug.willUnplug(this.#source, range);
    if (status !== 0) return status;
    plug.discarded(this.#source, range);
    this.plugged &= ~bit;
    plug.unplugged(this.#source, range);
    return 0;
  }

  /** The container's device comes, or goes if it was there. */
  switchDevice(at: number): Status {
    const container = this.containers[at]!;
    const bit = 1 << at;
    if ((this.attached & bit) !== 0) {
      this.instance.unsubscribe(container, this.#section);
      this.attached &= ~bit;
      return 0;
    }
    const status = this.instance.subscribe(container, this.#section);
    if (status === 0) this.attached |= bit;
    return status;
  }

  #accepts(): boolean {
    const instance = this.#strategy.create(this.#host, this.#without);
    return instance.addBlock(this.#block) === 0 && instance.attachSource(this.#block, this.#source) === 0;
  }

  #create(): Instance {
    const [c0, c1] = this.containers;
    c0.mapped = 0;
    c1.mapped = 0;
    this.shared = 0;
    this.attached = 0;
    this.plugged = this.hasSource ? 0 : bitsOf(0, this.pageCount);
    const instance = this.#strategy.create(this.#host, this.#without);
    instance.addBlock(this.#block);
    if (this.hasSource) instance.attachSource(this.#block, this.#source);
    return instance;
  }

  #createHost(): Host {
    return {
      regime: 'two-backend',
      isDiscardDisabled: false,
      setAttributes: ({ firstGfn, endGfn }: GfnRange, side: Side) => {
        const bits = bitsOf(firstGfn, endGfn);
        this.shared = side === 'shared' ? this.shared | bits : this.shared & ~bits;
        return 0;
      },
      convertInPlace: () => -ERRNO.EINVAL,
      discard: () => 0,
      // Nothing runs inside an operation here.
      lock: () => true,
      unlock: () => undefined,
      exit: (reason) => {
        this.exitReason = reason;
      },
    };
  }
}
