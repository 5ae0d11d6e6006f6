// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import type { History } from './history/history.ts';
import type { Violation } from './judge/violation.ts';
import type { Witnesses } from './judge/witnesses.ts';
import type { Report } from './world/consumers/reports.ts';
import type { WorldEvent } from './world/event.ts';
import type { MachineOptions } from './world/machine.ts';
import type { NestedFate } from './world/nested.ts';
import { type Answer, World } from './world/world.ts';

/** One operation as it went. */
export interface Step {
  readonly answer: Answer;
  /** Events of this operation; empty unless recorded. */
  readonly events: readonly WorldEvent[];
}

/** What a design paid in one history, over all containers. */
export interface RunCost {
  readonly mapCalls: number;
  readonly unmapCalls: number;
  /** Runs a manager told its consumers. */
  readonly notifications: number;
  /** The largest of the containers' own peaks. */
  readonly peakMappings: number;
  readonly peakFrames: number;
}

export interface RunResult {
  readonly steps: readonly Step[];
  /** First violation of each invariant, in the order they were found. */
  readonly violations: readonly Violation[];
  readonly witnesses: Witnesses;
  readonly stopped: boolean;
  /** What became of each operation that was to run inside another one, in order (nested, bound 1). */
  readonly nested: readonly NestedFate[];
  /** One of them would have waited half done: what follows is unknown, and no violation is no success. */
  readonly undecided: boolean;
  /** Whether `onRefusal` decided anything; if not, a VMM of the other kind does just the same. */
  readonly askedOnRefusal: boolean;
  /** What was found that no design owes. */
  readonly reports: readonly Report[];
  readonly cost: RunCost;
}

export interface RunOptions extends MachineOptions {
  /** Fires before the world is built: a caller that gives up waiting knows what was under way. */
  readonly onHistory?: (history: History) => void;
}

/** Applies a history to a fresh world and judges it. A pure function of its arguments. */
export function runHistory(strategy: Strategy, history: History, options: RunOptions = {}): RunResult {
  options.onHistory?.(history);
  const world = new World(history.world, strategy, options);
  const steps = history.operations.map((operation, at): Step => {
    const first = world.events.length;
    const next = history.operations[at + 1];
    const answer = world.apply(operation, operation.op !== 'at' && next?.op === 'at' ? next : undefined);
    return { answer, events: world.events.slice(first) };
  });
  const cost = costOf(world);
  world.finish();
  const { violations, witnesses } = world.judge;
  const { wasStopped: stopped, askedOnRefusal, isUndecided: undecided, fates: nested } = world;
  return { steps, violations, witnesses, stopped, nested, undecided, askedOnRefusal, reports: world.machine.reports, cost };
}

function costOf(world: World): RunCost {
  const { containers, memory } = world;
  const sum = (pick: (at: number) => number): number =>
    containers.reduce((total, _container, at) => total + pick(at), 0);
  return {
    mapCalls: sum((at) => containers[at]!.kernel.mapCalls),
    unmapCalls: sum((at) => containers[at]!.kernel.unmapCalls),
    notifications: sum((at) => containers[at]!.listener.notificationCount),
    peakMappings: Math.max(0, ...containers.map(({ kernel }) => kernel.peakMappingCount)),
    peakFrames: memory.frames.peakLiveCount,
  };
}
