// SPDX-License-Identifier: MIT
/**
 * What the judge goes by: the machine it watches, what each container maps, marks of pages, the operation under way. The
 * checks (always-checks.ts, resting-checks.ts) look at it and report; `Judge` keeps it.
 */
import { createPageNumbers, type GuestMemory, type PageNumbers, type PageStorage, type Side } from '@sda-lab/guest-memory';
import { blockPageOf, type Layout, type Span } from '../world/layout.ts';
import { Findings } from './findings.ts';
import type { Invariant } from './invariant.ts';
import { PageTable } from './page-table.ts';
import { endOfPiece } from './pieces.ts';
import { isIn, NO_RUNS, type PositionRun } from './position-run.ts';
import type { Evidence } from './violation.ts';
import type { WatchedContainer } from './watched-container.ts';
import { Witnesses } from './witnesses.ts';

export type OperationKind = 'convert' | 'plug' | 'other';

/** Whether a container must map a page now, may, or must not. */
export type Wanted = 'must' | 'may' | 'not';

export class JudgeState {
  readonly witnesses: Witnesses = new Witnesses();
  readonly findings: Findings = new Findings();
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly tables: readonly PageTable[];
  /** Whether anybody looks; without, only what was plugged and refused is kept, which operations ask for. */
  readonly isLooking: boolean;
  /** Once the VMM has stopped the VM, what is found is what would matter if it went on. */
  isLatent = false;

  /** By position, 1 = plugged. */
  readonly plugged: PageNumbers;
  /** Covered by a refused operation that left a partial result: 1 = a conversion, 2 = a plug request; 0 = not. */
  readonly pending: PageNumbers;
  /** 1 = a call about this page was refused and no later success has been judged. */
  readonly refusedOnce: PageNumbers;
  /** 1 = its shared side was discarded while some container was attached. */
  readonly wasDiscarded: PageNumbers;

  /** The operation under way, or the one that just ended. */
  operationIndex = -1;
  kind: OperationKind = 'other';
  /** Its pages, in transit; none once it ended. */
  positions: readonly PositionRun[] = NO_RUNS;
  /** The same of the operation around it, when it runs inside another. */
  aroundPositions: readonly PositionRun[] = NO_RUNS;
  refusedMaps = 0;
  refusedUnmaps = 0;

  readonly #isExact: boolean;

  constructor(memory: GuestMemory, layout: Layout, containers: readonly WatchedContainer[], isLooking = true) {
    const { totalCount } = layout;
    // Who does not look keeps nothing about pages, so it may as well be kept by runs.
    const storage: PageStorage = isLooking ? memory.storage : 'run-length';
    const marks = (): PageNumbers => createPageNumbers(storage, 'marks', totalCount);
    this.#isExact = storage === 'exact';
    this.isLooking = isLooking;
    this.memory = memory;
    this.layout = layout;
    this.tables = containers.map((container) => new PageTable(container, totalCount, storage));
    this.plugged = marks();
    this.pending = marks();
    this.refusedOnce = marks();
    this.wasDiscarded = marks();
    for (const { deviceIndex, firstPosition, endPosition } of layout.spans) {
      if (deviceIndex === -1) this.plugged.setRun(firstPosition, endPosition, 1);
    }
  }

  get hasPending(): boolean {
    const { pending, layout } = this;
    for (let position = 0; position < layout.totalCount; position = pending.endOfRun(position, layout.totalCount)) {
      if (pending.get(position) !== 0) return true;
    }
    return false;
  }

  /**
   * Whether undoing was refused too in the operation under way: maps are undone by unmaps and the other way round, so
   * both kinds were refused. The same kind refused twice is a design that tried twice; but where a device wants both
   * sides, a conversion unmaps one and maps the other, and undoing it takes a map as well.
   */
  get undoWasRefused(): boolean {
    if (this.refusedMaps > 0 && this.refusedUnmaps > 0) return true;
    return this.refusedMaps > 1 && this.tables.some(({ privatePages }) => privatePages !== 'never');
  }

  get someoneIsAttached(): boolean {
    for (const { container } of this.tables) if (container.isAttached()) return true;
    return false;
  }

  sideOf(span: Span, position: number): Side {
    return this.memory.sideAt(span.section, blockPageOf(span, position));
  }

  /** Whether a container must map a page that is on that side. Private pages are for those alone that want both sides. */
  wants({ privatePages }: PageTable, position: number, side: Side): Wanted {
    if (this.plugged.get(position) === 0) return 'not';
    if (side === 'shared') return 'must';
    return privatePages === 'owed' ? 'must' : privatePages === 'allowed' ? 'may' : 'not';
  }

  /** Where the piece of positions ends of which the first stands for all (pieces.ts). */
  endOfPiece(span: Span, first: number, end: number, cuts: readonly PositionRun[] = NO_RUNS): number {
    return this.#isExact ? first + 1 : endOfPiece(this, span, first, end, cuts);
  }

  isInTransit(position: number): boolean {
    return isIn(this.positions, position) || isIn(this.aroundPositions, position);
  }

  /**
   * A device with trusted IO may reach the page's own private frame, and nobody else's. One that was freed under a
   * mapping whose undoing was refused was the page's own.
   */
  isItsOwn({ privatePages }: PageTable, span: Span, position: number, frame: number): boolean {
    if (privatePages === 'never') return false;
    if (frame === this.memory.backing(span.section.block, blockPageOf(span, position), 'private')) return true;
    return this.memory.frames.isOrphan(frame) && (this.undoWasRefused || this.pending.get(position) !== 0);
  }

  report(invariant: Invariant, evidence: Evidence, isLatent = false): void {
    if (!this.isLooking) return;
    const reach = this.isLatent || isLatent ? 'latent' : 'live';
    this.findings.add({ invariant, reach, operationIndex: this.operationIndex, evidence });
  }
}
