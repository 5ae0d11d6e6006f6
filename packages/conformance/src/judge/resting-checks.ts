// SPDX-License-Identifier: MIT
/**
 * What the judge asks when an operation has ended, of the pages it touched: `complete`, `bounded` and `coexist`, what
 * always holds once more, and whether a success that follows a refusal is one.
 */
import type { Side } from '@sda-lab/guest-memory';
import { endOfRun, type Span } from '../world/layout.ts';
import type { AlwaysChecks } from './always-checks.ts';
import type { JudgeState } from './judge-state.ts';
import type { PageTable } from './page-table.ts';
import { isIn, NO_RUNS, type PositionRun } from './position-run.ts';
import { findTooMuchMemory } from './too-much-memory.ts';
import type { TouchedRuns } from './touched-runs.ts';
import type { Evidence } from './violation.ts';
import { WITNESS_AT } from './witnesses.ts';

export class RestingChecks {
  readonly #state: JudgeState;
  readonly #always: AlwaysChecks;
  readonly #excusedOrphans: () => number;
  #succeeded: readonly PositionRun[] = NO_RUNS;

  /** `excusedOrphans`: frames kept alive by those whom nobody owes anything. */
  constructor(state: JudgeState, always: AlwaysChecks, excusedOrphans: () => number) {
    this.#state = state;
    this.#always = always;
    this.#excusedOrphans = excusedOrphans;
  }

  /** `succeeded`: pages of the operation that ended with success, or of its parts that did. */
  check(touched: TouchedRuns, succeeded: readonly PositionRun[]): void {
    this.#succeeded = succeeded;
    for (let at = 0; at < touched.count; at += 1) this.#checkRun(touched.first(at), touched.end(at));
    this.#checkOrphans();
  }

  #checkRun(first: number, end: number): void {
    for (let position = first; position < end; ) {
      const span = this.#state.layout.spanAt(position);
      const spanEnd = endOfRun(span, end);
      while (position < spanEnd) {
        const pieceEnd = this.#state.endOfPiece(span, position, spanEnd, this.#succeeded);
        this.#checkPiece(span, position, pieceEnd - position);
        position = pieceEnd;
      }
    }
  }

  /** The page stands for a piece of `count` pages. */
  #checkPiece(span: Span, position: number, count: number): void {
    const state = this.#state;
    const isPending = state.pending.get(position) !== 0;
    const side = state.sideOf(span, position);
    for (const table of state.tables) {
      if (!table.container.isAttached()) continue;
      const isMapped = table.mapped.get(position) === 1;
      if (isMapped) this.#always.checkMapped(table, span, position, side, count);
      const wanted = state.wants(table, position, side);
      if (wanted === 'must') this.#witnessDue(side, count);
      if (span.deviceIndex !== -1) state.witnesses.seeAt(WITNESS_AT.coexist, count);
      if (isPending || isMapped === (wanted === 'must')) continue;
      if (!isMapped) this.#reportMissing(table, span, position, side);
      else this.#checkLingering(table, span, position, wanted === 'may');
    }
    if (isPending) return;
    const tooMuch = findTooMuchMemory(state.memory, state.layout, span, position, state.plugged.get(position) === 1);
    if (tooMuch !== undefined) state.report('bounded', tooMuch);
  }

  #witnessDue(side: Side, count: number): void {
    this.#state.witnesses.seeAt(WITNESS_AT.complete, count);
    if (side === 'private') this.#state.witnesses.seeAt(WITNESS_AT['consumer tdisp'], count);
  }

  #reportMissing({ container: { name: container } }: PageTable, span: Span, position: number, side: Side): void {
    const state = this.#state;
    const reason = side === 'private' ? 'private-not-mapped' : 'not-mapped';
    state.report('complete', { reason, container, position });
    if (span.deviceIndex !== -1) state.report('coexist', { reason, container, position });
    if (state.refusedOnce.get(position) === 1 && isIn(this.#succeeded, position)) {
      state.report('atomic', { reason: 'success-without-mapping', container, position });
    }
  }

  #checkLingering(table: PageTable, span: Span, position: number, mayBe: boolean): void {
    const state = this.#state;
    const deviceFrame = table.reached(span, position);
    if (mayBe && state.isItsOwn(table, span, position, deviceFrame)) return;
    const evidence: Evidence = { reason: 'lingering-mapping', container: table.container.name, position, deviceFrame };
    state.report('bounded', evidence);
    if (span.deviceIndex !== -1) state.report('coexist', evidence);
  }

  #checkOrphans(): void {
    const state = this.#state;
    const { orphanCount } = state.memory.frames;
    if (orphanCount === 0 || state.findings.has('bounded') || state.hasPending) return;
    const forgotten = orphanCount - this.#excusedOrphans();
    if (forgotten > 0) state.report('bounded', { reason: 'orphan-pin', detail: String(forgotten) });
  }
}
