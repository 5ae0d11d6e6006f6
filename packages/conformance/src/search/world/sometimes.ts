// SPDX-License-Identifier: MIT
/**
 * For every invariant the situation in which it could have failed, as the judge witnesses it, and what of it is owed in
 * a world of several backends.
 *
 * `coherent` is witnessed here: a search leaves and enters states, so what was discarded on another way must not count.
 * It is seen when a page came back to its shared side, on memory of its own again, and a device maps it. `progress` is
 * seen when a call of an operation was refused, since from every state each operation is done again.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { INVARIANTS } from '../../judge/invariant.ts';
import type { Witnesses } from '../../judge/witnesses.ts';
import { owed } from '../../suite/owed.ts';
import type { World } from '../../world/world.ts';
import type { WorldSpec } from '../../world/world-spec.ts';
import type { Sometimes } from '../search-model.ts';

/** What one of the containers owes, the world owes; the rest names what excludes it. */
export function owedSometimes(strategy: Strategy, { regime, containers, vmem }: WorldSpec): Sometimes[] {
  const all = new Set(containers.flatMap(({ backend }) => owed(strategy, backend, regime)));
  return INVARIANTS.map((name): Sometimes => {
    const excludedBy = whyExcluded(strategy, name, vmem.length > 0, all.has(name));
    return excludedBy === undefined ? { name } : { name, excludedBy };
  });
}

type Invariant = (typeof INVARIANTS)[number];

function whyExcluded({ capabilities }: Strategy, name: Invariant, hasDevice: boolean, isOwed: boolean): string | undefined {
  if (!capabilities.assignment) return 'assignment: no device can be attached';
  if (name === 'no-use-after-discard' && !isOwed) return 'backends: all of them pin';
  if (name === 'coexist' && !capabilities.virtioMem) return 'virtioMem: the design takes no virtio-mem';
  if (name === 'coexist' && !hasDevice) return 'bound: no virtio-mem in this world';
  if (name === 'consumers-see' && !capabilities.views) return 'views: the design shows nothing to dump and migration';
  return undefined;
}

export class SometimesSeen {
  readonly #sometimes: readonly Sometimes[];
  #mask = 0;
  readonly #coherent: number;
  readonly #progress: number;

  constructor(sometimes: readonly Sometimes[]) {
    this.#sometimes = sometimes;
    this.#coherent = 1 << INVARIANTS.indexOf('coherent');
    this.#progress = 1 << INVARIANTS.indexOf('progress');
  }

  /** What was seen up to now, with what the present judge has seen. */
  mask(witnesses: Witnesses): number {
    this.keep(witnesses);
    return this.#mask;
  }

  /** The judge goes; what it has seen stays. */
  keep(witnesses: Witnesses): void {
    for (const [at, name] of INVARIANTS.entries()) {
      if (name !== 'coherent' && witnesses.count(name) > 0) this.#mask |= 1 << at;
    }
  }

  /** After an operation that was refused: from here it is repeated. */
  lookAtRefusal(): void {
    this.#mask |= this.#progress;
  }

  /** After an operation without a refusal. */
  look({ containers, judge }: World, operation: Operation, answer: string): void {
    if ((this.#mask & this.#coherent) !== 0 || operation.op !== 'convert' || operation.to !== 'shared' || answer !== '0') return;
    for (const at of containers.keys()) if (judge.isMapped(at, operation.page)) this.#mask |= this.#coherent;
  }

  get names(): readonly string[] {
    return this.#sometimes.map(({ name }) => name);
  }
}
