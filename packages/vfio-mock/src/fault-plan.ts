// SPDX-License-Identifier: MIT
/**
 * Refusals planned by a world: the k-th map or unmap call from now, and every later one, is refused for lack of
 * something the kernel needed, after its own checks of the arguments passed. A ranged `mapPages` is as many calls as
 * it has granules. `heal` lifts all.
 */
import { assert, type Status } from '@sda-lab/guest-memory';

export type CallKind = 'map' | 'unmap';

export class FaultPlan {
  #passes = { map: Infinity, unmap: Infinity };
  #status = { map: 0, unmap: 0 };

  /** `k` is counted from 1: refuse('map', 1, ENOMEM) refuses the next map call already. */
  refuse(kind: CallKind, k: number, errno: number): void {
    assert(Number.isSafeInteger(k) && k >= 1, 'the refused call is counted from 1');
    assert(Number.isSafeInteger(errno) && errno > 0, 'an errno is positive');
    this.#passes[kind] = k - 1;
    this.#status[kind] = -errno;
  }

  heal(): void {
    this.#passes = { map: Infinity, unmap: Infinity };
  }

  /** Calls of this kind that still pass before the plan refuses. */
  passes(kind: CallKind): number {
    return this.#passes[kind];
  }

  /** What a refused call answers. */
  status(kind: CallKind): Status {
    return this.#status[kind];
  }

  /** That many calls of this kind were made, whatever they answered. */
  took(kind: CallKind, calls: number): void {
    this.#passes[kind] = Math.max(0, this.#passes[kind] - calls);
  }
}
