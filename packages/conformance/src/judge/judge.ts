// SPDX-License-Identifier: MIT
/**
 * The judge: it watches primitive events and decides, from the machine alone, whether a world is still right. It asks
 * no strategy anything but what `runs` shows to migration and dump.
 *
 * Per event it looks at the pages the event names, O(1) each: `coherent`, `isolated`, `no-use-after-discard`, `rights`,
 * `order`, `legal-calls` (always-checks.ts). At the end of an operation it looks at the pages that events or the
 * operation touched: `complete`, `bounded`, `coexist` (resting-checks.ts), and after a refusal `atomic`. `audit`
 * recomputes `coherent`, `complete` and lingering mappings from the kernel's own lists, at the end of every small world.
 *
 * Pages of an unfinished operation are in transit: `coherent` is not asked of them until it ends. Pages of a refused
 * operation that could not be put back wholly, because undoing was refused too, are pending: `complete` and `bounded`
 * are not asked of them until a retry, which must then finish.
 *
 * Only the first violation of each invariant is kept. Not judged: devices behind a vIOMMU, timing, other guests.
 */
import type { GuestMemory, PageRange, RamBlock, Side, Words } from '@sda-lab/guest-memory';
import type { ListenerCall } from '@sda-lab/vfio-mock';
import {
  endOfGfns,
  endOfPages,
  endOfRun,
  firstOfGfns,
  firstOfPages,
  type Layout,
  positionsOf,
  type Span,
} from '../world/layout.ts';
import { AlwaysChecks } from './always-checks.ts';
import { Before } from './before.ts';
import { illegalCall } from './illegal-call.ts';
import type { Invariant } from './invariant.ts';
import { JudgeState, type OperationKind } from './judge-state.ts';
import { JudgeWords } from './judge-words.ts';
import type { PageTable } from './page-table.ts';
import { isIn, NO_RUNS, type PositionRun } from './position-run.ts';
import { RestingChecks } from './resting-checks.ts';
import { TouchedRuns } from './touched-runs.ts';
import type { Evidence, Violation } from './violation.ts';
import type { WatchedContainer } from './watched-container.ts';
import { WITNESS_AT, type Witnesses } from './witnesses.ts';

export type { PositionRun } from './position-run.ts';

export interface OperationUnderWay {
  readonly index: number;
  /** What kind of state change the operation may make; decides which orders are judged. */
  readonly kind: OperationKind;
  readonly positions: readonly PositionRun[];
  /** The side a conversion asks for. */
  readonly to?: Side | undefined;
}

/** What the judge remembers of an operation while another one runs inside it. */
export interface Suspended {
  readonly index: number;
  readonly kind: OperationKind;
  readonly positions: readonly PositionRun[];
  readonly to: Side | undefined;
  readonly touched: TouchedRuns;
  readonly refusedMaps: number;
  readonly refusedUnmaps: number;
  readonly unmapWasInjected: boolean;
}

export class Judge {
  readonly #state: JudgeState;
  readonly #always: AlwaysChecks;
  readonly #resting: RestingChecks;
  #to: Side | undefined = undefined;
  #touched = new TouchedRuns();
  #unmapWasInjected = false;
  /** The operation under way runs inside another one. */
  #isInside = false;
  /** Pages that operations inside the one under way touched. */
  #inside: readonly PositionRun[] = NO_RUNS;
  /** The same while such an operation is under way itself: they are looked at when the one around it ends. */
  #deferred: PositionRun[] = [];

  /**
   * `excusedOrphans`: frames kept alive by those whom nobody owes anything. Who is not `isLooking` finds nothing, and
   * costs nothing: for measuring what is judged otherwise. Whatever asks for the guest's state is answered all the same.
   */
  constructor(
    memory: GuestMemory,
    layout: Layout,
    containers: readonly WatchedContainer[],
    excusedOrphans: () => number = () => 0,
    isLooking = true,
  ) {
    this.#state = new JudgeState(memory, layout, containers, isLooking);
    this.#always = new AlwaysChecks(this.#state);
    this.#resting = new RestingChecks(this.#state, this.#always, excusedOrphans);
  }

  /** Without, it finds nothing. */
  get isLooking(): boolean {
    return this.#state.isLooking;
  }

  get witnesses(): Witnesses {
    return this.#state.witnesses;
  }

  /** Once the VMM has stopped the VM, what is found is what would matter if it went on. */
  get isLatent(): boolean {
    return this.#state.isLatent;
  }

  set isLatent(isLatent: boolean) {
    this.#state.isLatent = isLatent;
  }

  get violations(): readonly Violation[] {
    return this.#state.findings.all;
  }

  /** The violations since they were last taken; the judge forgets them, and reports what it finds again. */
  takeViolations(): readonly Violation[] {
    return this.#state.findings.take();
  }

  /** What was refused in operations before is held against none to come. */
  forgetRefusals(): void {
    this.#state.refusedOnce.setRun(0, this.#state.layout.totalCount, 0);
  }

  /** What the judge remembers between operations, as words; a container's words are loaded before. */
  words(keepsRefusals = true): Words {
    return new JudgeWords(this.#state, keepsRefusals);
  }

  /** For what pages were like before an operation. */
  createBefore(): Before {
    return new Before(this.#state);
  }

  /** Whether undoing was refused too in the operation under way. */
  get undoWasRefused(): boolean {
    return this.#state.undoWasRefused;
  }

  /** Whether some map or unmap was refused in the operation under way, or in the one that just ended. */
  get someCallWasRefused(): boolean {
    return this.#state.refusedMaps + this.#state.refusedUnmaps > 0;
  }

  /** Whether the fault plan refused an unmap in the operation under way, or in the one that just ended. */
  get unmapWasInjected(): boolean {
    return this.#unmapWasInjected;
  }

  isPlugged(position: number): boolean {
    return this.#state.plugged.get(position) === 1;
  }

  get hasPending(): boolean {
    return this.#state.hasPending;
  }

  isPending(position: number): boolean {
    return this.#state.pending.get(position) !== 0;
  }

  isMapped(containerIndex: number, position: number): boolean {
    return this.#state.tables[containerIndex]!.mapped.get(position) === 1;
  }

  /** Where positions from this one on stop to be alike in all that the judge is asked of them. */
  endOfPiece(position: number): number {
    const span = this.#state.layout.spanAt(position);
    return this.#state.endOfPiece(span, position, span.endPosition);
  }

  /** Whether a container must map the page, and has to be told so. */
  isWanted(containerIndex: number, span: Span, position: number): boolean {
    const side = this.#state.sideOf(span, position);
    return this.#state.wants(this.#state.tables[containerIndex]!, position, side) === 'must';
  }

  /** Whether any device must reach the page. */
  isDue(span: Span, position: number): boolean {
    return this.#state.plugged.get(position) === 1 && this.#state.sideOf(span, position) === 'shared';
  }

  hasDue(span: Span): boolean {
    const { first, end } = positionsOf(span);
    for (let position = first; position < end; position = this.#state.endOfPiece(span, position, end)) {
      if (this.isDue(span, position)) return true;
    }
    return false;
  }

  report(invariant: Invariant, evidence: Evidence, reach: 'live' | 'latent' = 'live'): void {
    this.#state.report(invariant, evidence, reach === 'latent');
  }

  /** Pages that an operation touched which ran inside the one under way. */
  get inside(): readonly PositionRun[] {
    return this.#inside;
  }

  /** Pending, or in transit for an operation around the one under way: what is so now need not be so when all is done. */
  isUnsettled(position: number): boolean {
    return this.isPending(position) || isIn(this.#state.aroundPositions, position);
  }

  /** Another operation comes in: pages of the one under way stay in transit. What comes back belongs to `resume`. */
  suspend(operationIndex: number): Suspended {
    const state = this.#state;
    const { operationIndex: index, kind, positions, refusedMaps, refusedUnmaps } = state;
    const [to, touched, unmapWasInjected] = [this.#to, this.#touched, this.#unmapWasInjected];
    this.#isInside = true;
    state.aroundPositions = positions;
    this.#touched = new TouchedRuns();
    this.begin({ index: operationIndex, kind: 'other', positions: NO_RUNS });
    return { index, kind, positions, to, touched, refusedMaps, refusedUnmaps, unmapWasInjected };
  }

  /** The operation inside is over; what it touched is looked at when the one around it is. */
  resume(suspended: Suspended): void {
    const state = this.#state;
    this.#defer();
    this.#isInside = false;
    state.aroundPositions = NO_RUNS;
    state.operationIndex = suspended.index;
    state.kind = suspended.kind;
    state.positions = suspended.positions;
    state.refusedMaps = suspended.refusedMaps;
    state.refusedUnmaps = suspended.refusedUnmaps;
    this.#to = suspended.to;
    this.#unmapWasInjected = suspended.unmapWasInjected;
    this.#inside = [...this.#inside, ...this.#deferred];
    this.#touched = suspended.touched;
    this.#touched.addAll(this.#deferred);
    this.#deferred = [];
  }

  begin({ index, kind, positions, to }: OperationUnderWay): void {
    const state = this.#state;
    if (this.#isInside) this.#defer();
    else this.#inside = NO_RUNS;
    state.operationIndex = index;
    state.kind = kind;
    state.positions = positions;
    state.refusedMaps = 0;
    state.refusedUnmaps = 0;
    this.#to = to;
    this.#unmapWasInjected = false;
    this.#touched.clear();
    this.#touched.addAll(positions);
  }

  /** A map or unmap call was answered; the kernel's table is read again over its range. */
  called(containerIndex: number, call: ListenerCall, wasInjected: boolean): void {
    const table = this.#state.tables[containerIndex]!;
    this.witnesses.seeAt(WITNESS_AT['legal-calls']);
    const isMap = call.kind === 'map';
    if (call.status !== 0) this.#noteRefused(table.container.name, call, wasInjected);
    if (!this.isLooking) return;
    if (isMap && call.status === 0 && call.context === 'run' && !table.container.isAttached()) {
      const detail = 'a mapping made after the device was gone is';
      this.report('hotplug', { reason: 'left-behind', container: table.container.name, detail });
    }
    const askedEnd = call.firstGfn + call.pageCount;
    const endGfn = isMap ? askedEnd : askedEnd + table.countTakenBeyond(this.#state.layout, askedEnd);
    const shownPages = this.#readGfns(table, call.firstGfn, endGfn, isMap);
    if (isMap && call.status === 0 && shownPages < call.pageCount) {
      const detail = `0x${call.firstGfn.toString(16)}+${call.pageCount}`;
      this.report('bounded', { reason: 'mapping-over-nothing', container: table.container.name, detail });
    }
  }

  /** What a call was about is read from the kernel again; answers how much of it is shown anywhere. */
  #readGfns(table: PageTable, firstGfn: number, endGfn: number, isMap: boolean): number {
    const { layout } = this.#state;
    const whole = layout.spanOfGfns(firstGfn, endGfn);
    if (whole !== undefined) {
      this.#read(table, whole, firstGfn - whole.toGfn, endGfn - whole.toGfn, isMap);
      return endGfn - firstGfn;
    }
    let shownPages = 0;
    for (const span of layout.spans) {
      const first = firstOfGfns(span, firstGfn);
      const end = endOfGfns(span, endGfn);
      if (first >= end) continue;
      shownPages += end - first;
      this.#read(table, span, first, end, isMap);
    }
    return shownPages;
  }

  #read(table: PageTable, span: Span, first: number, end: number, isMap: boolean): void {
    table.read(span, first, end);
    this.#touch(span, first, end);
    if (isMap) this.#always.checkRights(table, span, first, end);
  }

  /** Everything a container maps is read again: after it was closed, or after calls nobody announced. */
  reread(containerIndex: number): void {
    if (!this.isLooking) return;
    const table = this.#state.tables[containerIndex]!;
    for (const span of this.#state.layout.spans) {
      const { first, end } = positionsOf(span);
      table.read(span, first, end);
      this.#touch(span, first, end);
    }
  }

  populated(block: RamBlock, firstPage: number, endPage: number, side: Side): void {
    if (!this.isLooking) return;
    const whole = this.#state.layout.spanOfPages(block, firstPage, endPage);
    if (whole !== undefined) {
      this.#populated(whole, firstPage - whole.toPage, endPage - whole.toPage, side);
      return;
    }
    this.#state.layout.forEachRunOfBlock(block, firstPage, endPage, (span, first, end) => this.#populated(span, first, end, side));
  }

  #populated(span: Span, first: number, end: number, side: Side): void {
    this.#touched.addEach(first, end);
    if (side === 'shared') this.#always.checkRun(span, first, end);
  }

  discarded({ block, firstPage, endPage }: PageRange, side: Side): void {
    if (!this.isLooking) return;
    const whole = this.#state.layout.spanOfPages(block, firstPage, endPage);
    if (whole !== undefined) {
      this.#discarded(whole, side, firstPage - whole.toPage, endPage - whole.toPage);
      return;
    }
    for (const span of this.#state.layout.spans) {
      if (span.section.block !== block) continue;
      const first = firstOfPages(span, firstPage);
      const end = endOfPages(span, endPage);
      if (first < end) this.#discarded(span, side, first, end);
    }
  }

  attributesSet(firstGfn: number, endGfn: number): void {
    if (!this.isLooking) return;
    const whole = this.#state.layout.spanOfGfns(firstGfn, endGfn);
    if (whole !== undefined) {
      this.#touch(whole, firstGfn - whole.toGfn, endGfn - whole.toGfn);
      return;
    }
    for (const span of this.#state.layout.spans) {
      const first = firstOfGfns(span, firstGfn);
      const end = endOfGfns(span, endGfn);
      if (first < end) this.#touch(span, first, end);
    }
  }

  convertedInPlace({ block, firstPage, endPage }: PageRange, side: Side): void {
    if (!this.isLooking) return;
    for (const span of this.#state.layout.spans) {
      if (span.section.block !== block) continue;
      const first = firstOfPages(span, firstPage);
      const end = endOfPages(span, endPage);
      if (first >= end) continue;
      if (side === 'private') this.#always.checkOrder(first, end, 'turned-private-while-mapped');
      this.#touch(span, first, end);
    }
  }

  plugged({ block, firstPage, endPage }: PageRange, isPlugged: boolean): void {
    const mark = isPlugged ? 1 : 0;
    for (const span of this.#state.layout.spans) {
      if (span.section.block !== block) continue;
      const first = firstOfPages(span, firstPage);
      const end = endOfPages(span, endPage);
      if (first >= end) continue;
      this.#state.plugged.setRun(first, end, mark);
      this.#touch(span, first, end);
    }
  }

  /**
   * The operation ended. `partial`: it was refused and undoing was refused too, so its pages wait for a retry.
   * `succeeded`: it reported success, so nothing about its pages may be missing. `done`: pages of its parts that were
   * carried out before another one was refused.
   */
  end(outcome: 'succeeded' | 'refused' | 'partial', done: readonly PositionRun[] = NO_RUNS): void {
    const { positions } = this.#state;
    const succeeded = outcome === 'succeeded' ? positions : done;
    if (!this.isLooking) {
      this.#state.positions = NO_RUNS;
      return;
    }
    if (outcome === 'partial') this.#markPending(positions);
    this.#unmarkPending(succeeded);
    this.#state.positions = NO_RUNS;
    if (this.#to !== undefined) for (const run of succeeded) this.#checkSide(run, this.#to);
    if (this.#isInside) this.#defer();
    else this.#resting.check(this.#touched, succeeded);
    for (const { first, end } of succeeded) this.#state.refusedOnce.setRun(first, end, 0);
    this.#touched.clear();
  }

  /** The machine was rebuilt: nothing is pending any more of what can be private. Other blocks were left as they were. */
  forgetPending(): void {
    for (const { firstPosition, endPosition, section } of this.#state.layout.spans) {
      if (section.block.hasGuestMemfd) this.#state.pending.setRun(firstPosition, endPosition, 0);
    }
  }

  /** The operation under way concerns every page: all of them are looked at when it ends. */
  touchEverything(): void {
    this.#touched.clear();
    this.#touched.add(0, this.#state.layout.totalCount);
  }

  #discarded(span: Span, side: Side, first: number, end: number): void {
    this.#always.checkDiscarded(span, side, first, end);
    this.#touch(span, first, end);
  }

  /** Pages changed: look at what always holds now, and at the rest when the operation ends. */
  #touch(span: Span, first: number, end: number): void {
    this.#touched.add(first, end);
    this.#always.checkRun(span, first, end);
  }

  /** The operation around this one is not over: what it left half done is not at rest. */
  #defer(): void {
    this.#deferred.push(...this.#touched.toRuns());
    this.#touched.clear();
  }

  #markPending(positions: readonly PositionRun[]): void {
    for (const { first, end } of positions) this.#state.pending.setRun(first, end, this.#pendingMark);
  }

  /** What a conversion left unfinished only a conversion can finish, and a plug request only a plug request. */
  #unmarkPending(succeeded: readonly PositionRun[]): void {
    const { pending } = this.#state;
    const mark = this.#pendingMark;
    for (const { first, end } of succeeded) {
      for (let position = first; position < end; ) {
        const runEnd = pending.endOfRun(position, end);
        if (pending.get(position) === mark) pending.setRun(position, runEnd, 0);
        position = runEnd;
      }
    }
  }

  get #pendingMark(): number {
    return this.#state.kind === 'plug' ? 2 : 1;
  }

  /** Success was reported, so the guest uses this side from now on; KVM has to agree. */
  #checkSide({ first, end }: PositionRun, to: Side): void {
    for (let position = first; position < end; ) {
      const span = this.#state.layout.spanAt(position);
      const spanEnd = endOfRun(span, end);
      for (; position < spanEnd; position = this.#state.endOfPiece(span, position, spanEnd, this.#inside)) {
        if (this.#state.sideOf(span, position) === to || isIn(this.#inside, position)) continue;
        this.report('atomic', { reason: 'success-without-change', position, detail: to });
        return;
      }
    }
  }

  #noteRefused(container: string, call: ListenerCall, wasInjected: boolean): void {
    const state = this.#state;
    if (call.kind === 'map') state.refusedMaps += 1;
    else state.refusedUnmaps += 1;
    if (call.kind === 'unmap' && wasInjected) this.#unmapWasInjected = true;
    if (!state.isLooking) return;
    state.witnesses.see('nonfatal');
    const detail = wasInjected ? undefined : illegalCall(call);
    if (detail !== undefined) this.report('legal-calls', { reason: 'illegal-call', container, detail });
    for (const span of state.layout.spans) {
      const first = firstOfGfns(span, call.firstGfn);
      const end = endOfGfns(span, call.firstGfn + call.pageCount);
      if (first < end) state.refusedOnce.setRun(first, end, 1);
    }
  }
}
