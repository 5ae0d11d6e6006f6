// SPDX-License-Identifier: MIT
/**
 * For every invariant the situation in which it could have failed, as the judge witnesses it, and what of it is owed in
 * a world of several backends.
 *
 * `coherent` is witnessed here: a search leaves and enters states, so the judge's own mark, a page discarded under a
 * device before, would count what happened on another way. It is seen when a conversion brought a page to its shared side
 * and a device maps it: then what the device reaches was compared with what backs the page now. `progress` is seen when an
 * operation answered a refusal; one that changed nothing recovers by itself.
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
export function owedSometimes(strategy: Strategy, { regime, containers, vmem }: WorldSpec, faults: number): Sometimes[] {
  const all = new Set(containers.flatMap(({ backend }) => owed(strategy, backend, regime)));
  return INVARIANTS.map((name): Sometimes => {
    const excludedBy = whyExcluded(strategy, name, vmem.length > 0, all.has(name)) ?? whyWithoutFaults(name, faults);
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

/** Without a refusal nothing has to be recovered from, nor survived. */
function whyWithoutFaults(name: Invariant, faults: number): string | undefined {
  return faults === 0 && (name === 'progress' || name === 'nonfatal' || name === 'atomic') ? 'bound: no call is refused' : undefined;
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
