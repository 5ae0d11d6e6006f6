// SPDX-License-Identifier: MIT
/**
 * Runs one history line in a world of its own and tells what came of it. `sabotage` breaks a part of the world itself
 * (kernel, memory, counts) before the first operation, where no design is at fault.
 */
import type { Strategy } from '@sda-lab/guest-memory';
import { type Answer, explain, parseHistory, type Violation, World } from '../../src/index.ts';

export interface Judged {
  readonly world: World;
  readonly answers: readonly Answer[];
  readonly violations: readonly Violation[];
  /** The violations in words, in their order. */
  readonly words: readonly string[];
}

export function judged(strategy: Strategy, line: string, sabotage?: (world: World) => void): Judged {
  const history = parseHistory(line);
  const world = new World(history.world, strategy);
  sabotage?.(world);
  const answers = history.operations.map((operation) => world.apply(operation));
  world.finish();
  const { violations } = world.judge;
  return { world, answers, violations, words: violations.map((violation) => explain(violation, history)) };
}
