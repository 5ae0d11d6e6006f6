// SPDX-License-Identifier: MIT
/**
 * What the judge asks at every primitive event, O(1) per page and container: `coherent` and `isolated` of the pages that
 * changed, `rights` of those that were mapped, `order`, `no-use-after-discard` and `coordinated` of those that were freed.
 */
import type { Side } from '@sda-lab/guest-memory';
import { blockPageOf, gfnOf, type Span } from '../world/layout.ts';
import { hugePagesOf } from './huge-page.ts';
import type { JudgeState } from './judge-state.ts';
import type { PageTable } from './page-table.ts';
import { endOfRights } from './pieces.ts';
import { isIn } from './position-run.ts';
import { WITNESS_AT } from './witnesses.ts';

export class AlwaysChecks {
  readonly #state: JudgeState;

  constructor(state: JudgeState) {
    this.#state = state;
  }

  /** Pages changed somehow: every mapping of them is looked at. */
  checkRun(span: Span, first: number, end: number): void {
    const state = this.#state;
    for (const table of state.tables) {
      const { mapped } = table;
      for (let position = first; position < end; ) {
        if (mapped.get(position) === 0) {
          position = mapped.endOfRun(position, end);
          continue;
        }
        const side = state.isInTransit(position) ? undefined : state.sideOf(span, position);
        const pieceEnd = state.endOfPiece(span, position, end);
        this.checkMapped(table, span, position, side, pieceEnd - position);
        position = pieceEnd;
      }
    }
  }

  /**
   * Of a page that the container maps, the first of a piece of `count` pages: where does it lead? `side` is the page's,
   * undefined while it is in transit.
   */
  checkMapped(table: PageTable, span: Span, position: number, side: Side | undefined, count: number): void {
    const state = this.#state;
    const { memory, witnesses } = state;
    const frame = table.reached(span, position);
    witnesses.seeAt(WITNESS_AT.isolated, count);
    if (frame !== 0 && memory.frames.isPrivate(frame) && !state.isItsOwn(table, span, position, frame)) {
      const container = table.container.name;
      state.report('isolated', { reason: 'private-frame-reached', container, position, deviceFrame: frame });
    }
    if (side === undefined || state.wants(table, position, side) !== 'must') return;
    if (state.wasDiscarded.get(position) === 1) witnesses.seeAt(WITNESS_AT.coherent, count);
    const backing = memory.backing(span.section.block, blockPageOf(span, position), side);
    if (backing === frame) return;
    const container = table.container.name;
    state.report('coherent', { reason: 'stale-translation', container, position, deviceFrame: frame, backingFrame: backing });
  }

  checkRights(table: PageTable, span: Span, first: number, end: number): void {
    const { container } = table;
    if (!span.section.readonly) return;
    this.#state.witnesses.seeAt(WITNESS_AT.rights);
    for (let position = first; position < end; position = endOfRights(table, span, position, end)) {
      if (!container.isWritable(gfnOf(span, position))) continue;
      this.#state.report('rights', { reason: 'too-many-rights', container: container.name, position });
    }
  }

  checkDiscarded(span: Span, side: Side, first: number, end: number): void {
    if (side === 'shared') {
      this.checkOrder(first, end, 'freed-while-mapped');
      this.#checkUseAfterDiscard(first, end);
    }
    if (this.#state.kind === 'convert') this.#checkOwnPages(span, side, first, end);
  }

  checkOrder(first: number, end: number, reason: 'freed-while-mapped' | 'turned-private-while-mapped'): void {
    const state = this.#state;
    const isConversion = state.kind === 'convert';
    if (state.someoneIsAttached) {
      state.wasDiscarded.setRun(first, end, 1);
      state.witnesses.seeAt(WITNESS_AT.bounded);
      if (isConversion) state.witnesses.seeAt(WITNESS_AT.order);
    }
    if (!isConversion) return;
    for (const table of state.tables) {
      if (table.container.isLeaving === true) continue;
      const position = table.firstShared(first, end, state.memory.frames);
      if (position !== -1) state.report('order', { reason, container: table.container.name, position });
    }
  }

  /** A server maps the guest's memory itself: an access through a mapping left over a discarded page fills it again. */
  #checkUseAfterDiscard(first: number, end: number): void {
    const state = this.#state;
    for (const table of state.tables) {
      const { container } = table;
      if (container.pins || container.isLeaving === true || !container.isAttached()) continue;
      state.witnesses.seeAt(WITNESS_AT['no-use-after-discard']);
      const position = table.firstShared(first, end, state.memory.frames);
      // Where undoing was refused too, nobody could have unmapped it, now or when the page is asked for again.
      if (position === -1 || state.undoWasRefused) continue;
      if (state.pending.get(position) !== 0 && state.refusedUnmaps > 0) continue;
      state.report('no-use-after-discard', { reason: 'mapped-after-discard', container: container.name, position });
    }
  }

  /** A conversion frees memory of its own pages only; anything else is the guest's data, gone behind its back. */
  #checkOwnPages(span: Span, side: Side, first: number, end: number): void {
    const state = this.#state;
    const isHuge = side === 'shared' && hugePagesOf(span) > 1;
    for (let position = first; position < end; position = state.endOfPiece(span, position, end)) {
      if (isIn(state.positions, position)) continue;
      // A huge page goes as a whole; the shared side of its other pages is not used any more.
      if (isHuge && state.sideOf(span, position) === 'private') continue;
      state.report('coordinated', { reason: 'uncoordinated-discard', position, detail: 'a conversion of other pages' });
      return;
    }
  }
}
