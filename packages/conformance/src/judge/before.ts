// SPDX-License-Identifier: MIT
/**
 * What an operation's pages were like before it, for `atomic`: a refused operation must leave all of it as it was.
 * Frames on the private side are compared by identity, since the guest's data is in them.
 */
import type { GuestMemory } from '@sda-lab/guest-memory';
import { blockPageOf, type Layout } from '../world/layout.ts';
import type { Judge, PositionRun } from './judge.ts';

interface PageState {
  readonly side: string;
  readonly plugged: boolean;
  readonly shared: number;
  readonly private: number;
  /** One character per container, 1 = mapped. */
  readonly mapped: string;
}

export class Before {
  readonly #pages = new Map<number, PageState>();

  constructor(memory: GuestMemory, layout: Layout, judge: Judge, containerCount: number, runs: readonly PositionRun[]) {
    for (const { first, end } of runs) {
      for (let position = first; position < end; position += 1) {
        // What an earlier refusal left half done may be finished or taken back by this one.
        if (judge.isPending(position)) continue;
        this.#pages.set(position, pageState(memory, layout, judge, containerCount, position));
      }
    }
  }

  /** Pages that may differ after all. */
  forget(runs: readonly PositionRun[]): void {
    for (const { first, end } of runs) for (let position = first; position < end; position += 1) this.#pages.delete(position);
  }

  /** The first position that differs now, and how; undefined when all are as before. */
  difference(
    memory: GuestMemory,
    layout: Layout,
    judge: Judge,
    containerCount: number,
  ): { position: number; detail: string } | undefined {
    for (const [position, before] of this.#pages) {
      const now = pageState(memory, layout, judge, containerCount, position);
      for (const key of Object.keys(before) as (keyof PageState)[]) {
        if (before[key] === now[key]) continue;
        // In place, pinning fills a hole of the one guest_memfd, and the zero page stays when the side goes back.
        if (memory.regime === 'in-place' && before[key] === 0) continue;
        return { position, detail: `${NAMES[key]} was ${String(before[key])} and is ${String(now[key])}` };
      }
    }
    return undefined;
  }
}

const NAMES: Readonly<Record<keyof PageState, string>> = {
  side: 'its side',
  plugged: 'plugged',
  shared: 'the shared frame',
  private: 'the private frame',
  mapped: 'mapped per container',
};

function pageState(
  memory: GuestMemory,
  layout: Layout,
  judge: Judge,
  containerCount: number,
  position: number,
): PageState {
  const span = layout.spanAt(position);
  const page = blockPageOf(span, position);
  let mapped = '';
  for (let at = 0; at < containerCount; at += 1) mapped += judge.isMapped(at, position) ? '1' : '0';
  return {
    // The side of a page that no section shows says nothing: KVM makes it private when its memslot comes.
    side: memory.addressSpace.sections.includes(span.section) ? memory.sideAt(span.section, page) : 'not shown',
    plugged: judge.isPlugged(position),
    shared: memory.backing(span.section.block, page, 'shared'),
    private: memory.backing(span.section.block, page, 'private'),
    mapped,
  };
}
