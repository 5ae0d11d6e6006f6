// SPDX-License-Identifier: MIT
/**
 * Refusals planned by a world: the k-th map or unmap call from now, and every later one unless it is planned `once`, is
 * refused for lack of something the kernel needed, after its own checks of the arguments passed. A ranged `mapPages` is
 * as many calls as it has granules. `heal` lifts all.
 */
import { assert, type Status } from '@sda-lab/guest-memory';

export type CallKind = 'map' | 'unmap';

export class FaultPlan {
  #passes = { map: Infinity, unmap: Infinity };
  #status = { map: 0, unmap: 0 };
  #once = { map: false, unmap: false };
  #hit = { map: false, unmap: false };

  /** `k` is counted from 1: refuse('map', 1, ENOMEM) refuses the next map call already. */
  refuse(kind: CallKind, k: number, errno: number, once = false): void {
    assert(Number.isSafeInteger(k) && k >= 1, 'the refused call is counted from 1');
    assert(Number.isSafeInteger(errno) && errno > 0, 'an errno is positive');
    this.#passes[kind] = k - 1;
    this.#status[kind] = -errno;
    this.#once[kind] = once;
  }

  heal(): void {
    this.#passes = { map: Infinity, unmap: Infinity };
  }

  /** Whether a call will be refused some time. */
  get isPlanned(): boolean {
    return this.#passes.map !== Infinity || this.#passes.unmap !== Infinity;
  }

  /** Calls of this kind that still pass before the plan refuses. */
  passes(kind: CallKind): number {
    return this.#passes[kind];
  }

  /** What a refused call answers. */
  status(kind: CallKind): Status {
    return this.#status[kind];
  }

  /** Whether the last call of this kind was the one, or one of those, that the plan refuses. */
  wasHit(kind: CallKind): boolean {
    return this.#hit[kind];
  }

  /** That many calls of this kind were made, whatever they answered. */
  took(kind: CallKind, calls: number): void {
    const passes = this.#passes[kind];
    this.#hit[kind] = passes < calls;
    this.#passes[kind] = this.#hit[kind] && this.#once[kind] ? Infinity : Math.max(0, passes - calls);
  }
}
