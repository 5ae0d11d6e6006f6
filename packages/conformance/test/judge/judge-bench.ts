// SPDX-License-Identifier: MIT
/**
 * A judge over a real guest memory and real containers, and no design: operations are whatever primitive events the test
 * makes, right or wrong. Its words are those of memory, containers and judge, and which devices are attached.
 */
import { ERRNO, FrameNames, GuestMemory, type Side, type Words, WorldWords, type WordsSubject } from '@sda-lab/guest-memory';
import { containerWords, createContainer, type IommuContainer, type ListenerCall, windowOf } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { worldSpec } from '../../src/index.ts';
import { Judge, type OperationUnderWay } from '../../src/judge/judge.ts';
import type { Violation } from '../../src/judge/violation.ts';
import { buildLayout } from '../../src/world/build-layout.ts';
import { blockPageOf, gfnOf, type Layout } from '../../src/world/layout.ts';

export const BACKENDS = ['type1', 'type1v2', 'vfio-user'] as const;

/** Boot RAM in two sections, and two device blocks of two pages. */
const WORLD = worldSpec({ pages: 3, vmem: [{ blockCount: 2, blockPages: 2 }] });
export const POSITIONS = 7;

export type Event =
  | { readonly kind: 'map' | 'unmap'; readonly container: number; readonly position: number; readonly count: number; readonly isRefused: boolean }
  | { readonly kind: 'discard' | 'switch'; readonly position: number; readonly side: Side }
  | { readonly kind: 'plug'; readonly block: number; readonly isPlugged: boolean }
  | { readonly kind: 'attach'; readonly container: number; readonly isAttached: boolean };

export interface JudgedOperation {
  readonly kind: OperationUnderWay['kind'];
  readonly first: number;
  readonly end: number;
  readonly to: Side | undefined;
  readonly events: readonly Event[];
  readonly outcome: 'succeeded' | 'refused' | 'partial';
  readonly after: 'nothing' | 'latent' | 'live' | 'rebuilt';
}

const side: fc.Arbitrary<Side> = fc.constantFrom('shared', 'private');
const position = fc.nat(POSITIONS - 1);
const container = fc.nat(BACKENDS.length - 1);
const call = fc.record({
  kind: fc.constantFrom('map', 'unmap'),
  container,
  position,
  count: fc.constantFrom(1, 1, 2),
  isRefused: fc.constantFrom(false, false, true),
});
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: call },
  fc.record({ kind: fc.constantFrom('discard', 'switch'), position, side }),
  fc.record({ kind: fc.constant('plug'), block: fc.nat(1), isPlugged: fc.boolean() }),
  fc.record({ kind: fc.constant('attach'), container, isAttached: fc.boolean() }),
);

export const operations: fc.Arbitrary<JudgedOperation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('convert', 'convert', 'plug', 'other'),
    first: position,
    end: fc.integer({ min: 1, max: POSITIONS }),
    to: fc.constantFrom('shared', 'private', undefined),
    events: fc.array(event, { maxLength: 5 }),
    outcome: fc.constantFrom('succeeded', 'succeeded', 'refused', 'partial'),
    after: fc.constantFrom('nothing', 'nothing', 'nothing', 'latent', 'live', 'rebuilt'),
  }),
  { maxLength: 12, size: 'max' },
);

export class JudgeBench implements WordsSubject<JudgedOperation> {
  readonly judge: Judge;
  readonly words: Words;
  readonly #memory: GuestMemory;
  readonly #layout: Layout;
  readonly #kernels: readonly IommuContainer[];
  readonly #attached = BACKENDS.map(() => false);
  /** Accounts of its own, naive: positions that a refused call named and no success has passed since. */
  readonly #refused = new Set<number>();
  /** By position: which kind of operation has to finish what a refused one left. */
  readonly #pending = new Map<number, 'plug' | 'conversion'>();

  constructor(fault: (words: Words) => Words = (words) => words) {
    const { memory, layout } = buildLayout(WORLD);
    this.#memory = memory;
    this.#layout = layout;
    this.#kernels = BACKENDS.map((backend) => createContainer(backend, { memory }));
    const watched = this.#kernels.map((kernel, at) => ({
      name: `c${at}`,
      pins: kernel.traits.pins,
      isAttached: () => this.#attached[at]!,
      isMapped: (gfn: number) => kernel.isMapped(gfn),
      translate: (gfn: number) => kernel.translate(gfn),
      isWritable: (gfn: number) => kernel.isWritable(gfn),
      forEachMapping: (emit: (firstGfn: number, pageCount: number) => void) => kernel.forEachMapping(emit),
    }));
    this.judge = new Judge(memory, layout, watched);
    memory.observer = {
      populated: (block, firstPage, endPage, own) => this.judge.populated(block, firstPage, endPage, own),
      discarded: (range, own) => this.judge.discarded(range, own),
      attributesSet: ({ firstGfn, endGfn }) => this.judge.attributesSet(firstGfn, endGfn),
      convertedInPlace: (range, own) => this.judge.convertedInPlace(range, own),
    };
    this.words = this.#wordsWith(fault);
  }

  act(operation: JudgedOperation): string {
    const { kind, first, end, to, events, outcome, after } = operation;
    const { judge } = this;
    const positions = first < end ? [{ first, end }] : [];
    judge.begin({ index: 0, kind, positions, ...(to !== undefined && { to }) });
    for (const each of events) this.#make(each);
    judge.end(outcome);
    for (let at = first; at < end; at += 1) this.#account(at, kind === 'plug' ? 'plug' : 'conversion', outcome);
    if (after === 'rebuilt') judge.forgetPending();
    if (after === 'rebuilt') for (let at = 0; at < POSITIONS; at += 1) this.#pending.delete(at);
    if (after === 'latent' || after === 'live') judge.isLatent = after === 'latent';
    return judge.takeViolations().map(text).join('; ');
  }

  /** What the judge and the parts below it are asked, and the naive account of refused calls. */
  look(): string {
    const pages = Array.from({ length: this.#layout.totalCount }, (_, at) => {
      const span = this.#layout.spanAt(at);
      const page = blockPageOf(span, at);
      const sides = (['shared', 'private'] as const).map((own) => (this.#memory.backing(span.section.block, page, own) === 0 ? '-' : 'F'));
      const tables = this.#kernels.map((kernel, index) => this.#pageOf(kernel, index, gfnOf(span, at), at));
      const marks = [this.judge.isPlugged(at), this.judge.isPending(at), this.#pending.get(at) ?? '-', this.#refused.has(at)].map(String);
      return [this.#memory.sideAt(span.section, page), ...sides, ...marks, ...tables].join(' ');
    });
    return [...pages, `latent ${this.judge.isLatent}`, this.#attached.join(' ')].join(', ');
  }

  /** How a container maps a page, as the kernel and as the judge have it, and whether the frame is the page's own. */
  #pageOf(kernel: IommuContainer, index: number, gfn: number, at: number): string {
    const { frames } = this.#memory;
    const span = this.#layout.spanAt(at);
    const frame = kernel.translate(gfn);
    const own = frame === this.#memory.backing(span.section.block, blockPageOf(span, at), 'shared') ? 'own' : 'other';
    const held = frame === 0 ? 'none' : `${own}${frames.isOrphan(frame) ? ' orphan' : ''}`;
    return `${kernel.isMapped(gfn) ? 'mapped' : '-'}/${this.judge.isMapped(index, at) ? 'mapped' : '-'}/${held}`;
  }

  #account(at: number, kind: 'plug' | 'conversion', outcome: JudgedOperation['outcome']): void {
    if (outcome === 'succeeded') this.#refused.delete(at);
    if (outcome === 'partial') this.#pending.set(at, kind);
    else if (outcome === 'succeeded' && this.#pending.get(at) === kind) this.#pending.delete(at);
  }

  #make(each: Event): void {
    const memory = this.#memory;
    if (each.kind === 'attach') {
      this.#attached[each.container] = each.isAttached;
      return;
    }
    if (each.kind === 'plug') {
      const { block } = this.#layout.spanAt(3).section;
      this.judge.plugged({ block, firstPage: each.block * 2, endPage: each.block * 2 + 2 }, each.isPlugged);
      return;
    }
    if ('isRefused' in each) {
      this.#call(each);
      return;
    }
    const span = this.#layout.spanAt(each.position);
    const page = blockPageOf(span, each.position);
    const gfn = gfnOf(span, each.position);
    if (each.kind === 'discard') memory.discard({ block: span.section.block, firstPage: page, endPage: page + 1 }, each.side);
    else memory.setAttributes({ firstGfn: gfn, endGfn: gfn + 1 }, each.side);
  }

  #call({ kind, container: at, position: first, count, isRefused }: Extract<Event, { kind: 'map' | 'unmap' }>): void {
    const kernel = this.#kernels[at]!;
    const span = this.#layout.spanAt(first);
    const { section } = span;
    const firstGfn = gfnOf(span, first);
    const hostPage = section.block.hostFirstPage + blockPageOf(span, first);
    const pageCount = Math.min(count, span.firstPosition + section.pageCount - first);
    if (isRefused) kernel.faults.refuse(kind, 1, ERRNO.ENOMEM, true);
    const status = kind === 'map' ? kernel.mapPages(firstGfn, hostPage, pageCount, pageCount, true) : kernel.unmapPages(firstGfn, pageCount);
    const context: ListenerCall['context'] = 'run';
    const common = { context, section, firstGfn, pageCount, granulePages: pageCount, status, doneGranules: 0 };
    if (status !== 0) for (let page = first; page < first + pageCount; page += 1) this.#refused.add(page);
    this.judge.called(at, { kind, ...common }, kernel.faults.wasHit(kind));
    kernel.faults.heal();
  }

  #wordsWith(fault: (words: Words) => Words): Words {
    const memory = this.#memory;
    const sections = this.#layout.spans.map(({ section }) => section);
    const names = new FrameNames(memory.frames);
    const judge = fault(this.judge.words());
    const words = new WorldWords(names, {
      memory: memory.words(names, sections),
      containers: this.#kernels.map((kernel) => containerWords(kernel, { names, windows: sections.map(windowOf) })),
      listeners: [],
      devices: [],
      others: [this.#attachedWords(), judge],
    });
    return {
      count: words.count,
      get isWhole() {
        return words.isWhole;
      },
      store: (into, at) => words.store(into, at),
      load: (from, at) => {
        words.load(from, at);
        this.#loadAccounts(from, at + words.count - judge.count);
      },
    };
  }

  #attachedWords(): Words {
    const attached = this.#attached;
    return {
      count: 1,
      store: (words, at) => {
        words[at] = attached.reduce((sum, one, index) => sum | (one ? 1 << index : 0), 0);
      },
      load: (words, at) => {
        for (const index of attached.keys()) attached[index] = ((words[at]! >>> index) & 1) === 1;
      },
    };
  }

  /** The naive accounts come from the words too: they are the test's, and have none. */
  #loadAccounts(words: Int32Array, at: number): void {
    this.#refused.clear();
    this.#pending.clear();
    for (let index = 0; index < this.#layout.totalCount; index += 1) {
      const own = words[at + ((index + 1) >>> 3)]! >>> (((index + 1) & 7) * 4);
      if ((own & 4) !== 0) this.#refused.add(index);
      if ((own & 3) !== 0) this.#pending.set(index, (own & 3) === 2 ? 'plug' : 'conversion');
    }
  }
}

/** Frames have names of their own in each world, so a violation is told without them. */
function text({ invariant, reach, evidence: { reason, container: name, position: at } }: Violation): string {
  return [invariant, reach, reason, name, at].join(' ');
}
