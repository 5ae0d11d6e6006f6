// SPDX-License-Identifier: MIT
/**
 * Refusals planned by a world: the k-th map or unmap call from now, and every later one unless it is planned `once`, is
 * refused for lack of something the kernel needed, after its own checks of the arguments passed. A ranged `mapPages` is
 * as many calls as it has granules. `heal` lifts all.
 */
import { assert, type Status } from '@sda-lab/guest-memory';

export type CallKind = 'map' | 'unmap';

/** What is planned for calls of one kind, and what came of it. */
class KindPlan {
  /** Calls that still pass; Infinity while nothing is planned. */
  passes = Infinity;
  status = 0;
  once = false;
  hit = false;
  calls = 0;
}

export class FaultPlan {
  readonly #map = new KindPlan();
  readonly #unmap = new KindPlan();

  /** `k` is counted from 1: refuse('map', 1, ENOMEM) refuses the next map call already. */
  refuse(kind: CallKind, k: number, errno: number, once = false): void {
    assert(Number.isSafeInteger(k) && k >= 1, 'the refused call is counted from 1');
    assert(Number.isSafeInteger(errno) && errno > 0, 'an errno is positive');
    const plan = this.#of(kind);
    plan.passes = k - 1;
    plan.status = -errno;
    plan.once = once;
  }

  heal(): void {
    this.#map.passes = Infinity;
    this.#unmap.passes = Infinity;
    this.#map.calls = 0;
    this.#unmap.calls = 0;
  }

  /** Whether a call will be refused some time. */
  get isPlanned(): boolean {
    return this.#map.passes !== Infinity || this.#unmap.passes !== Infinity;
  }

  /** Calls of this kind that still pass before the plan refuses. */
  passes(kind: CallKind): number {
    return this.#of(kind).passes;
  }

  /** What a refused call answers. */
  status(kind: CallKind): Status {
    return this.#of(kind).status;
  }

  /** Calls of this kind since the last heal. */
  calls(kind: CallKind): number {
    return this.#of(kind).calls;
  }

  /** Whether the last call of this kind was the one, or one of those, that the plan refuses. */
  wasHit(kind: CallKind): boolean {
    return this.#of(kind).hit;
  }

  /** That many calls of this kind were made, whatever they answered. */
  took(kind: CallKind, calls: number): void {
    const plan = this.#of(kind);
    plan.calls += calls;
    plan.hit = plan.passes < calls;
    if (plan.passes === Infinity) return;
    plan.passes = plan.hit && plan.once ? Infinity : Math.max(0, plan.passes - calls);
  }

  #of(kind: CallKind): KindPlan {
    return kind === 'map' ? this.#map : this.#unmap;
  }
}
