// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { parseHistory } from '../history/parse-history.ts';
import { eventText } from '../world/event.ts';
import { type Answer, World } from '../world/world.ts';

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
