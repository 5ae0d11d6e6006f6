// SPDX-License-Identifier: MIT
import type { World } from '@sda-lab/conformance';

/** Positions of a world, in a window, that are mapped in a container or that a device must reach. */
export interface PageSets {
  readonly mapped: readonly number[];
  readonly due: readonly number[];
}

/** Looks at the pages operations can name, [first, end) of them; ROM is mapped as it is and left out. */
export function pagesOf(world: World, containerIndex: number, first = 0, end: number = world.layout.positionCount): PageSets {
  const mapped: number[] = [];
  const due: number[] = [];
  for (const span of world.layout.spans) {
    if (span.isRom) continue;
    const spanEnd = Math.min(end, span.firstPosition + span.section.pageCount);
    for (let position = Math.max(first, span.firstPosition); position < spanEnd; position += 1) {
      if (world.judge.isMapped(containerIndex, position)) mapped.push(position);
      if (world.judge.isDue(span, position)) due.push(position);
    }
  }
  return { mapped, due };
}

/** `0-3, 6`; `none` for no page. */
export function pageRuns(pages: readonly number[]): string {
  const runs: string[] = [];
  for (let at = 0; at < pages.length; ) {
    let end = at;
    while (end + 1 < pages.length && pages[end + 1] === pages[end]! + 1) end += 1;
    runs.push(end === at ? String(pages[at]) : `${pages[at]}-${pages[end]}`);
    at = end + 1;
  }
  return runs.length === 0 ? 'none' : runs.join(', ');
}
