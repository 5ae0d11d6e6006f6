// SPDX-License-Identifier: MIT
/**
 * RamDiscardManager's questions of state with the boolean `is_private` that v1 patch 7/7 gave each of them. One bit per
 * page still answers both ways of asking: false means the shared pages, true the private ones.
 *
 * The answers as posted do not fit together. Asked with false, `isPopulated` calls private pages discarded, while
 * `replayDiscarded` walks the shared ones: it is the same walk as `replayPopulated`.
 *
 * Source: [PATCH 7/7] of v1, 13 December 2024, 20241213070852.106092-8. Left out: `is_private` of the callbacks, which is
 * false in every call, so that VFIO's early return for true is never reached; notifications are the stock manager's.
 */
import type { ReadonlyBitmap } from '@sda-lab/core-bitmap';
import type { Status } from '@sda-lab/guest-memory';

type EmitPages = (firstPage: number, endPage: number) => Status;

export class IsPrivateManager {
  /** 1 = shared. */
  readonly #shared: ReadonlyBitmap;

  constructor(shared: ReadonlyBitmap) {
    this.#shared = shared;
  }

  /** Whether all of the range is private (`isPrivate`), or shared. */
  isPopulated(firstPage: number, endPage: number, isPrivate: boolean): boolean {
    return this.#shared.classify(firstPage, endPage) === (isPrivate ? 'clear' : 'set');
  }

  replayPopulated(firstPage: number, endPage: number, isPrivate: boolean, emit: EmitPages): Status {
    return isPrivate
      ? this.#shared.forEachClearRun(firstPage, endPage, emit)
      : this.#shared.forEachSetRun(firstPage, endPage, emit);
  }

  replayDiscarded(firstPage: number, endPage: number, isPrivate: boolean, emit: EmitPages): Status {
    // As posted: the kind of page asked for, not the other one.
    return this.replayPopulated(firstPage, endPage, isPrivate, emit);
  }
}
