// SPDX-License-Identifier: MIT
import { type Answer, eventText, parseHistory, World } from '@sda-lab/conformance';
import type { PlugSource, RamBlock, Strategy } from '@sda-lab/guest-memory';

/** A history as it went: the world after it, and per operation what it answered and did. */
export interface Replay {
  readonly world: World;
  readonly answers: readonly Answer[];
  /** Events by operation, counted from 0, as text. That a pin fills a hole follows from the map and is left out. */
  readonly events: readonly (readonly string[])[];
}

export function replay(strategy: Strategy, line: string, without: ReadonlySet<string> = new Set()): Replay {
  const history = parseHistory(line);
  const world = new World(history.world, strategy, { record: true, without });
  const answers: Answer[] = [];
  const events = history.operations.map((operation) => {
    const first = world.events.length;
    answers.push(world.apply(operation));
    return eventsSince(world, first);
  });
  return { world, answers, events };
}

/** What the world did from an event on. */
export function eventsSince(world: World, first: number): string[] {
  return world.events.slice(first).filter(({ kind }) => kind !== 'populate').map(eventText);
}

/** The events of the last operation of a history. */
export function lastEvents(strategy: Strategy, line: string): readonly string[] {
  return replay(strategy, line).events.at(-1)!;
}

/** Guest pages a container has mapped, the ROM's left out. */
export function mappedGfns({ containers }: World, at = 0): number[] {
  const gfns: number[] = [];
  containers[at]!.kernel.forEachMapping((firstGfn, pageCount) => {
    for (let gfn = firstGfn; gfn < firstGfn + pageCount; gfn += 1) if (gfn !== 0xfffff) gfns.push(gfn);
  });
  return gfns;
}

/** What a view shows of a block: `2-5 shared`. */
export function runsOf(world: World, block: RamBlock, view: 'dma' | 'migrate' | 'dump' | 'translate', first = 0, end = block.pageCount): string[] {
  const runs: string[] = [];
  world.instance.runs(block, view, first, end, (from, to, side) => {
    runs.push(`${from}-${to} ${side}`);
    return 0;
  });
  return runs;
}

/** A plug source without a device behind it. */
export function createSource(granulePages: number, pluggedPages: ReadonlySet<number>): PlugSource {
  return {
    name: 'm9',
    granulePages,
    isPlugged: (firstPage, endPage) => {
      for (let page = firstPage; page < endPage; page += 1) if (!pluggedPages.has(page)) return false;
      return true;
    },
  };
}
