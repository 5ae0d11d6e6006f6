// SPDX-License-Identifier: MIT
/**
 * The judge: it watches primitive events and decides, from the machine alone, whether a world is still right. It asks
 * no strategy anything but what `runs` shows to migration and dump.
 *
 * Per event it looks at the pages the event names, O(1) each: `coherent`, `isolated`, `no-use-after-discard`, `rights`,
 * `order`, `legal-calls`. At the end of an operation it looks at the pages that events or the operation touched: `complete`,
 * `bounded`, `coexist`, and after a refusal `atomic`. `audit` recomputes `coherent`,
 * `complete` and lingering mappings from the kernel's own lists, at the end of every small world.
 *
 * Pages of an unfinished operation are in transit: `coherent` is not asked of them until it ends. Pages of a refused
 * operation that could not be put back wholly, because undoing was refused too, are pending: `complete` and `bounded`
 * are not asked of them until a retry, which must then finish.
 *
 * Only the first violation of each invariant is kept. Not judged: devices behind a vIOMMU, timing, other guests.
 */
import type { GuestMemory, PageRange, RamBlock, Side } from '@sda-lab/guest-memory';
import type { ListenerCall } from '@sda-lab/vfio-mock';
import { blockPageOf, gfnOf, type Layout, positionsOf, type Span } from '../world/layout.ts';
import { hugePagesOf } from './huge-page.ts';
import { illegalCall } from './illegal-call.ts';
import type { Invariant } from './invariant.ts';
import { findTooMuchMemory } from './too-much-memory.ts';
import type { Evidence, Violation } from './violation.ts';
import type { WatchedContainer } from './watched-container.ts';
import { Witnesses } from './witnesses.ts';

/** Half-open run of positions. */
export interface PositionRun {
  readonly first: number;
  readonly end: number;
}

export interface OperationUnderWay {
  readonly index: number;
  /** What kind of state change the operation may make; decides which orders are judged. */
  readonly kind: 'convert' | 'plug' | 'other';
  readonly positions: readonly PositionRun[];
  /** The side a conversion asks for. */
  readonly to?: Side;
}

export class Judge {
  readonly witnesses: Witnesses = new Witnesses();
  /** Once the VMM has stopped the VM, what is found is what would matter if it went on. */
  isLatent = false;
  readonly #memory: GuestMemory;
  readonly #layout: Layout;
  readonly #containers: readonly WatchedContainer[];
  readonly #excusedOrphans: () => number;
  /** Per container, by position: 1 = a mapping covers the page. */
  readonly #mapped: readonly Uint8Array[];
  /** Per pinning container, by position: the frame the mapping holds. Others resolve the page at each access. */
  readonly #pinned: readonly Int32Array[];
  readonly #plugged: Uint8Array;
  /** Covered by a refused operation that left a partial result: 1 = a conversion, 2 = a plug request; 0 = not. */
  readonly #pending: Uint8Array;
  /** 1 = a call about this page was refused and no later success has been judged. */
  readonly #refusedOnce: Uint8Array;
  /** 1 = its shared side was discarded while some container was attached. */
  readonly #wasDiscarded: Uint8Array;
  readonly #violations = new Map<Invariant, Violation>();
  #operation: OperationUnderWay = { index: -1, kind: 'other', positions: [] };
  #touched: PositionRun[] = [];
  /** Pages of the operation that just ended with success. */
  #succeeded: readonly PositionRun[] = [];
  #refused = { map: false, unmap: false };
  #unmapWasInjected = false;
  #mapRefusals = 0;

  /** `excusedOrphans`: frames kept alive by those whom nobody owes anything. */
  constructor(
    memory: GuestMemory,
    layout: Layout,
    containers: readonly WatchedContainer[],
    excusedOrphans: () => number = () => 0,
  ) {
    this.#memory = memory;
    this.#excusedOrphans = excusedOrphans;
    this.#layout = layout;
    this.#containers = containers;
    this.#mapped = containers.map(() => new Uint8Array(layout.totalCount));
    this.#pinned = containers.map(({ pins }) => new Int32Array(pins ? layout.totalCount : 0));
    this.#plugged = new Uint8Array(layout.totalCount);
    this.#pending = new Uint8Array(layout.totalCount);
    this.#refusedOnce = new Uint8Array(layout.totalCount);
    this.#wasDiscarded = new Uint8Array(layout.totalCount);
    for (const { deviceIndex, firstPosition, section } of layout.spans) {
      if (deviceIndex === -1) this.#plugged.fill(1, firstPosition, firstPosition + section.pageCount);
    }
  }

  get violations(): readonly Violation[] {
    return [...this.#violations.values()];
  }

  /**
   * Whether undoing was refused too in the operation under way: maps are undone by unmaps and the other way round, so
   * both kinds were refused. The same kind refused twice is a design that tried twice; but where a device wants both
   * sides, a conversion unmaps one and maps the other, and undoing it takes a map as well.
   */
  get undoWasRefused(): boolean {
    if (this.#refused.map && this.#refused.unmap) return true;
    return this.#mapRefusals > 1 && this.#containers.some(({ privatePages = 'never' }) => privatePages !== 'never');
  }

  /** Whether some map or unmap was refused in the operation under way, or in the one that just ended. */
  get someCallWasRefused(): boolean {
    return this.#refused.map || this.#refused.unmap;
  }

  /** Whether the fault plan refused an unmap in the operation under way, or in the one that just ended. */
  get unmapWasInjected(): boolean {
    return this.#unmapWasInjected;
  }

  isPlugged(position: number): boolean {
    return this.#plugged[position] === 1;
  }

  get hasPending(): boolean {
    return this.#pending.some((mark) => mark !== 0);
  }

  isPending(position: number): boolean {
    return this.#pending[position] !== 0;
  }

  isMapped(containerIndex: number, position: number): boolean {
    return this.#mapped[containerIndex]![position] === 1;
  }

  /** Whether a container must map the page, and has to be told so. */
  isWanted(containerIndex: number, span: Span, position: number): boolean {
    return this.#wants(containerIndex, span, position) === 'must';
  }

  /** Whether any device must reach the page. */
  isDue(span: Span, position: number): boolean {
    return this.#plugged[position] === 1 && this.#sideOf(span, position) === 'shared';
  }

  hasDue(span: Span): boolean {
    const { first, end } = positionsOf(span);
    for (let position = first; position < end; position += 1) if (this.isDue(span, position)) return true;
    return false;
  }

  report(invariant: Invariant, evidence: Evidence, reach: 'live' | 'latent' = 'live'): void {
    const known = this.#violations.get(invariant);
    // A retry that lies tells more than the refusal it follows.
    const tellsMore =
      known?.evidence.reason === 'refused-but-changed' && evidence.reason === 'success-without-mapping';
    const latent = this.isLatent || reach === 'latent';
    // A latent look of migration must not hide a live one of dump.
    const isNearer = known?.reach === 'latent' && !latent;
    if (known !== undefined && !tellsMore && !isNearer) return;
    const operationIndex = this.#operation.index;
    this.#violations.set(invariant, { invariant, reach: latent ? 'latent' : 'live', operationIndex, evidence });
  }

  begin(operation: OperationUnderWay): void {
    this.#operation = operation;
    this.#touched = [...operation.positions];
    this.#refused = { map: false, unmap: false };
    this.#unmapWasInjected = false;
    this.#mapRefusals = 0;
  }

  /** A map or unmap call was answered; the kernel's table is read again over its range. */
  called(containerIndex: number, call: ListenerCall, wasInjected: boolean): void {
    this.witnesses.see('legal-calls');
    const container = this.#containers[containerIndex]!;
    if (call.status !== 0) {
      this.#refused[call.kind] = true;
      if (call.kind === 'map') this.#mapRefusals += 1;
      else if (wasInjected) this.#unmapWasInjected = true;
      this.witnesses.see('nonfatal');
      const detail = wasInjected ? undefined : illegalCall(call);
      if (detail !== undefined) this.report('legal-calls', { reason: 'illegal-call', container: container.name, detail });
      this.#noteRefused(call);
    }
    if (call.kind === 'map' && call.status === 0 && call.context === 'run' && !container.isAttached()) {
      this.report('hotplug', { reason: 'left-behind', container: container.name, detail: 'a mapping made after the device was gone is' });
    }
    let shownPages = 0;
    const endGfn = call.firstGfn + call.pageCount;
    this.#layout.forEachRunOfGfns(call.firstGfn, endGfn, (span, first, end) => {
      shownPages += end - first;
      this.#readTable(containerIndex, span, first, end);
      if (call.kind === 'map') this.#checkRights(containerIndex, span, first, end);
    });
    if (call.kind === 'map' && call.status === 0 && shownPages < call.pageCount) {
      this.report('bounded', { reason: 'mapping-over-nothing', container: container.name, detail: `0x${call.firstGfn.toString(16)}+${call.pageCount}` });
    }
  }

  /** Everything a container maps is read again: after it was closed, or after calls nobody announced. */
  reread(containerIndex: number): void {
    for (const span of this.#layout.spans) {
      this.#readTable(containerIndex, span, span.firstPosition, span.firstPosition + span.section.pageCount);
    }
  }

  populated(block: RamBlock, page: number, side: Side): void {
    this.#layout.forEachRunOfBlock(block, page, page + 1, (span, first, end) => {
      if (side === 'shared') this.#touch(span, first, end);
      else this.#noteTouched(first, end);
    });
  }

  discarded(range: PageRange, side: Side): void {
    this.#layout.forEachRunOfBlock(range.block, range.firstPage, range.endPage, (span, first, end) => {
      if (side === 'shared') {
        this.#checkOrder(first, end, 'freed-while-mapped');
        this.#checkUseAfterDiscard(first, end);
      }
      this.#checkOwnPages(span, side, first, end);
      this.#touch(span, first, end);
    });
  }

  attributesSet(firstGfn: number, endGfn: number): void {
    this.#layout.forEachRunOfGfns(firstGfn, endGfn, (span, first, end) => this.#touch(span, first, end));
  }

  convertedInPlace(range: PageRange, side: Side): void {
    this.#layout.forEachRunOfBlock(range.block, range.firstPage, range.endPage, (span, first, end) => {
      if (side === 'private') this.#checkOrder(first, end, 'turned-private-while-mapped');
      this.#touch(span, first, end);
    });
  }

  plugged(range: PageRange, isPlugged: boolean): void {
    this.#layout.forEachRunOfBlock(range.block, range.firstPage, range.endPage, (span, first, end) => {
      this.#plugged.fill(isPlugged ? 1 : 0, first, end);
      this.#touch(span, first, end);
    });
  }

  /**
   * The operation ended. `partial`: it was refused and undoing was refused too, so its pages wait for a retry.
   * `succeeded`: it reported success, so nothing about its pages may be missing. `done`: pages of its parts that were
   * carried out before another one was refused.
   */
  end(outcome: 'succeeded' | 'refused' | 'partial', done: readonly PositionRun[] = []): void {
    const { positions, to } = this.#operation;
    this.#succeeded = outcome === 'succeeded' ? positions : done;
    for (const run of positions) this.#markPending(run, outcome);
    for (const run of this.#succeeded) this.#markPending(run, 'succeeded');
    this.#operation = { ...this.#operation, positions: [] };
    if (to !== undefined) for (const run of this.#succeeded) this.#checkSide(run, to);
    for (const { first, end } of this.#touched) this.#checkRestingRun(first, end);
    this.#checkOrphans();
    for (const { first, end } of this.#succeeded) this.#refusedOnce.fill(0, first, end);
    this.#touched = [];
  }

  /** The machine was rebuilt: nothing is pending any more of what can be private. Other blocks were left as they were. */
  forgetPending(): void {
    for (const { firstPosition, section } of this.#layout.spans) {
      if (section.block.hasGuestMemfd) this.#pending.fill(0, firstPosition, firstPosition + section.pageCount);
    }
  }

  /** The operation under way concerns every page: all of them are looked at when it ends. */
  touchEverything(): void {
    this.#touched = [{ first: 0, end: this.#layout.totalCount }];
  }

  /** What a conversion left unfinished only a conversion can finish, and a plug request only a plug request. */
  #markPending({ first, end }: PositionRun, outcome: 'succeeded' | 'refused' | 'partial'): void {
    const mark = this.#operation.kind === 'plug' ? 2 : 1;
    if (outcome === 'partial') this.#pending.fill(mark, first, end);
    if (outcome !== 'succeeded') return;
    for (let position = first; position < end; position += 1) {
      if (this.#pending[position] === mark) this.#pending[position] = 0;
    }
  }

  /** Success was reported, so the guest uses this side from now on; KVM has to agree. */
  #checkSide({ first, end }: PositionRun, to: Side): void {
    for (let position = first; position < end; position += 1) {
      if (this.#sideOf(this.#layout.spanAt(position), position) === to) continue;
      this.report('atomic', { reason: 'success-without-change', position, detail: to });
      return;
    }
  }

  #noteRefused(call: ListenerCall): void {
    this.#layout.forEachRunOfGfns(call.firstGfn, call.firstGfn + call.pageCount, (_span, first, end) =>
      this.#refusedOnce.fill(1, first, end),
    );
  }

  #readTable(containerIndex: number, span: Span, first: number, end: number): void {
    const mapped = this.#mapped[containerIndex]!;
    const pinned = this.#pinned[containerIndex]!;
    const container = this.#containers[containerIndex]!;
    for (let position = first; position < end; position += 1) {
      const gfn = gfnOf(span, position);
      mapped[position] = container.isMapped(gfn) ? 1 : 0;
      if (container.pins) pinned[position] = container.translate(gfn);
    }
    this.#touch(span, first, end);
  }

  #checkRights(containerIndex: number, span: Span, first: number, end: number): void {
    if (!span.section.readonly) return;
    this.witnesses.see('rights');
    const container = this.#containers[containerIndex]!;
    for (let position = first; position < end; position += 1) {
      if (!container.isWritable(gfnOf(span, position))) continue;
      this.report('rights', { reason: 'too-many-rights', container: container.name, position });
    }
  }

  /** Pages changed: look at what always holds now, and at the rest when the operation ends. */
  #touch(span: Span, first: number, end: number): void {
    this.#noteTouched(first, end);
    for (let at = 0; at < this.#containers.length; at += 1) {
      for (let position = first; position < end; position += 1) this.#checkAlways(at, span, position);
    }
  }

  /** Pins populate page by page: runs that continue the last one, or lie in it, are not kept apart. */
  #noteTouched(first: number, end: number): void {
    const last = this.#touched.at(-1);
    if (last !== undefined && last.first <= first && first <= last.end) {
      if (end > last.end) this.#touched[this.#touched.length - 1] = { first: last.first, end };
      return;
    }
    this.#touched.push({ first, end });
  }

  #checkAlways(containerIndex: number, span: Span, position: number): void {
    if (this.#mapped[containerIndex]![position] === 0) return;
    const frame = this.#reached(containerIndex, span, position);
    const container = this.#containers[containerIndex]!.name;
    this.witnesses.see('isolated');
    if (frame !== 0 && this.#memory.frames.owner(frame) === 'private' && !this.#isItsOwn(containerIndex, span, position, frame)) {
      this.report('isolated', { reason: 'private-frame-reached', container, position, deviceFrame: frame });
    }
    if (this.#isInTransit(position) || this.#wants(containerIndex, span, position) !== 'must') return;
    if (this.#wasDiscarded[position] === 1) this.witnesses.see('coherent');
    const backing = this.#memory.backing(span.section.block, blockPageOf(span, position), this.#sideOf(span, position));
    if (backing === frame) return;
    this.report('coherent', { reason: 'stale-translation', container, position, deviceFrame: frame, backingFrame: backing });
  }

  /** Whether a container must map the page now. Private pages are for those alone that want both sides. */
  #wants(containerIndex: number, span: Span, position: number): 'must' | 'may' | 'not' {
    if (this.#plugged[position] === 0) return 'not';
    if (this.#sideOf(span, position) === 'shared') return 'must';
    const { privatePages = 'never' } = this.#containers[containerIndex]!;
    return privatePages === 'owed' ? 'must' : privatePages === 'allowed' ? 'may' : 'not';
  }

  /**
   * A device with trusted IO may reach the page's own private frame, and nobody else's. One that was freed under a
   * mapping whose undoing was refused was the page's own.
   */
  #isItsOwn(containerIndex: number, span: Span, position: number, frame: number): boolean {
    const { privatePages = 'never' } = this.#containers[containerIndex]!;
    if (privatePages === 'never') return false;
    if (frame === this.#memory.backing(span.section.block, blockPageOf(span, position), 'private')) return true;
    return this.#memory.frames.isOrphan(frame) && (this.undoWasRefused || this.isPending(position));
  }

  /** The frame a device reaches now through a mapping, or 0 while the page behind it is a hole. */
  #reached(containerIndex: number, span: Span, position: number): number {
    const container = this.#containers[containerIndex]!;
    return container.pins
      ? this.#pinned[containerIndex]![position]!
      : container.translate(gfnOf(span, position));
  }

  #checkOrder(first: number, end: number, reason: 'freed-while-mapped' | 'turned-private-while-mapped'): void {
    if (this.#containers.some((container) => container.isAttached())) {
      this.#wasDiscarded.fill(1, first, end);
      this.witnesses.see('bounded');
      if (this.#operation.kind === 'convert') this.witnesses.see('order');
    }
    if (this.#operation.kind !== 'convert') return;
    for (const [at, { name }] of this.#containers.entries()) {
      const position = this.#firstMapped(at, first, end);
      if (position !== -1) this.report('order', { reason, container: name, position });
    }
  }

  /** A server maps the guest's memory itself: an access through a mapping left over a discarded page fills it again. */
  #checkUseAfterDiscard(first: number, end: number): void {
    for (const [at, { name, pins }] of this.#containers.entries()) {
      if (pins || !this.#containers[at]!.isAttached()) continue;
      this.witnesses.see('no-use-after-discard');
      const position = this.#firstMapped(at, first, end);
      // Where undoing was refused too, nobody could have unmapped it, now or when the page is asked for again.
      if (position === -1 || this.undoWasRefused) continue;
      if (this.isPending(position) && this.#refused.unmap) continue;
      this.report('no-use-after-discard', { reason: 'mapped-after-discard', container: name, position });
    }
  }

  /** A conversion frees memory of its own pages only; anything else is the guest's data, gone behind its back. */
  #checkOwnPages(span: Span, side: Side, first: number, end: number): void {
    if (this.#operation.kind !== 'convert') return;
    const isHuge = side === 'shared' && hugePagesOf(span) > 1;
    for (let position = first; position < end; position += 1) {
      if (this.#isInTransit(position)) continue;
      // A huge page goes as a whole; the shared side of its other pages is not used any more.
      if (isHuge && this.#sideOf(span, position) === 'private') continue;
      this.report('coordinated', { reason: 'uncoordinated-discard', position, detail: 'a conversion of other pages' });
      return;
    }
  }

  /** The first page of a run that is mapped on its shared side. */
  #firstMapped(containerIndex: number, first: number, end: number): number {
    const { privatePages = 'never' } = this.#containers[containerIndex]!;
    const isPrivate = (position: number): boolean =>
      privatePages !== 'never' && this.#memory.frames.owner(this.#pinned[containerIndex]![position]!) === 'private';
    let at = this.#mapped[containerIndex]!.indexOf(1, first);
    while (at !== -1 && at < end && isPrivate(at)) at = this.#mapped[containerIndex]!.indexOf(1, at + 1);
    return at !== -1 && at < end ? at : -1;
  }

  #checkRestingRun(first: number, end: number): void {
    for (let position = first; position < end; ) {
      const span = this.#layout.spanAt(position);
      const spanEnd = Math.min(end, span.firstPosition + span.section.pageCount);
      for (; position < spanEnd; position += 1) this.#checkResting(span, position);
    }
  }

  #checkResting(span: Span, position: number): void {
    for (const [at, container] of this.#containers.entries()) {
      if (!container.isAttached()) continue;
      this.#checkAlways(at, span, position);
      const wanted = this.#wants(at, span, position);
      if (wanted === 'must') this.#witnessDue(span, position);
      if (span.deviceIndex !== -1) this.witnesses.see('coexist');
      if (this.isPending(position)) continue;
      const isMapped = this.isMapped(at, position);
      if (!isMapped && wanted === 'must') this.#reportMissing(container.name, span, position);
      const isExcused = wanted === 'may' && this.#isItsOwn(at, span, position, this.#reached(at, span, position));
      if (isMapped && wanted !== 'must' && !isExcused) this.#reportLingering(at, span, position);
    }
    if (this.isPending(position)) return;
    const tooMuch = findTooMuchMemory(this.#memory, this.#layout, span, position, this.isPlugged(position));
    if (tooMuch !== undefined) this.report('bounded', tooMuch);
  }

  #witnessDue(span: Span, position: number): void {
    this.witnesses.see('complete');
    if (this.#sideOf(span, position) === 'private') this.witnesses.see('consumer tdisp');
  }

  #reportMissing(container: string, span: Span, position: number): void {
    const reason = this.#sideOf(span, position) === 'private' ? 'private-not-mapped' : 'not-mapped';
    this.report('complete', { reason, container, position });
    if (span.deviceIndex !== -1) this.report('coexist', { reason, container, position });
    if (this.#refusedOnce[position] === 1 && isIn(this.#succeeded, position)) {
      this.report('atomic', { reason: 'success-without-mapping', container, position });
    }
  }

  #reportLingering(containerIndex: number, span: Span, position: number): void {
    const container = this.#containers[containerIndex]!.name;
    const deviceFrame = this.#reached(containerIndex, span, position);
    const evidence: Evidence = { reason: 'lingering-mapping', container, position, deviceFrame };
    this.report('bounded', evidence);
    if (span.deviceIndex !== -1) this.report('coexist', evidence);
  }

  #checkOrphans(): void {
    const { orphanCount } = this.#memory.frames;
    if (orphanCount === 0 || this.#violations.has('bounded') || this.hasPending) return;
    const forgotten = orphanCount - this.#excusedOrphans();
    if (forgotten > 0) this.report('bounded', { reason: 'orphan-pin', detail: String(forgotten) });
  }

  #isInTransit(position: number): boolean {
    return isIn(this.#operation.positions, position);
  }

  #sideOf(span: Span, position: number): Side {
    return this.#memory.sideAt(span.section, blockPageOf(span, position));
  }
}

function isIn(runs: readonly PositionRun[], position: number): boolean {
  for (const { first, end } of runs) if (position >= first && position < end) return true;
  return false;
}
