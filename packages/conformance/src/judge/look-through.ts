// SPDX-License-Identifier: MIT
/**
 * Dump or migration walks all blocks: it must see exactly the plugged pages, each on the side the guest uses. The one
 * place where the judge asks a strategy, since what `runs` shows is what these users get.
 */
import type { GuestMemory, Instance, Side } from '@sda-lab/guest-memory';
import { blockPageOf, type Layout, type Span } from '../world/layout.ts';
import type { Judge } from './judge.ts';
import type { Evidence } from './violation.ts';

export interface Look {
  readonly shownCount: number;
  readonly difference: Evidence | undefined;
}

export function lookThrough(
  memory: GuestMemory,
  layout: Layout,
  instance: Instance,
  judge: Judge,
  view: 'dump' | 'migrate',
): Look {
  let shownCount = 0;
  let difference: Evidence | undefined;
  for (const span of layout.spans) {
    if (span.isRom) continue;
    const shown = shownPages(instance, span, view);
    shownCount += shown.size;
    difference ??= compare(memory, judge, span, shown, view);
  }
  return { shownCount, difference };
}

/** What the strategy shows of a section, by position. */
function shownPages(instance: Instance, { section, firstPosition }: Span, view: 'dump' | 'migrate'): Map<number, Side> {
  const shown = new Map<number, Side>();
  const { block, firstPage, pageCount } = section;
  instance.runs(block, view, firstPage, firstPage + pageCount, (first, end, side) => {
    for (let page = first; page < end; page += 1) shown.set(page - firstPage + firstPosition, side);
    return 0;
  });
  return shown;
}

function compare(
  memory: GuestMemory,
  judge: Judge,
  span: Span,
  shown: ReadonlyMap<number, Side>,
  view: string,
): Evidence | undefined {
  const end = span.firstPosition + span.section.pageCount;
  for (let position = span.firstPosition; position < end; position += 1) {
    const side = memory.sideAt(span.section, blockPageOf(span, position));
    const expected = judge.isPlugged(position) ? side : undefined;
    if (expected === 'private') judge.witnesses.see('consumers-see');
    if (shown.get(position) === expected) continue;
    return { reason: shown.has(position) ? 'page-seen-wrongly' : 'page-not-seen', position, detail: view };
  }
  return undefined;
}
