// SPDX-License-Identifier: MIT
// A firmware boot of 5000 small conversions (edk2 PR 3709), counted: what is there after it was there before it.
import { firmwarePingPong, World, type WorldBackend, worldSpec } from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';

const CONVERSIONS = 5000;
const BOOT = firmwarePingPong(CONVERSIONS, 64, 1);
const WITH_DEVICE = STRATEGIES.filter(({ capabilities }) => capabilities.assignment);

interface Counts {
  readonly mappings: readonly number[];
  readonly frames: number;
  readonly pins: number;
  readonly orphans: number;
  readonly coordination: string;
}

function countsOf({ containers, memory }: World): Counts {
  const { frames, coordination } = memory;
  const { required, coordinatedRequired, disabled, uncoordinatedDisabled } = coordination;
  return {
    mappings: containers.map(({ kernel }) => kernel.mappingCount),
    frames: frames.liveCount,
    pins: frames.pinCount,
    orphans: frames.orphanCount,
    coordination: [required, coordinatedRequired, disabled, uncoordinatedDisabled].join(),
  };
}

/** What the boot left behind: the counts before and after it, and answers other than success. */
function boot(strategy: Strategy, regime: Regime, backend: WorldBackend): { before: Counts; after: Counts; refused: string[] } {
  const world = new World(worldSpec({ regime, pages: 64, containers: [{ name: 'c0', backend }] }), strategy);
  world.apply({ op: 'attach', container: 'c0' });
  const before = countsOf(world);
  const refused = BOOT.map((operation) => world.apply(operation)).filter((answer) => !answer.startsWith('0'));
  return { before, after: countsOf(world), refused };
}

function leaks(strategy: Strategy): boolean {
  const { before, after, refused } = boot(strategy, 'two-backend', 'type1v2');
  expect(refused).toEqual([]);
  return JSON.stringify(before) !== JSON.stringify(after);
}

describe(`${CONVERSIONS} small conversions of a firmware`, () => {
  it('leave mappings, frames, pins and counts as they were, but where nobody unmaps what is freed', () => {
    expect(WITH_DEVICE.filter(leaks).map(({ id }) => id)).toEqual(['uncoordinated', 'keep-shared-as-posted']);
  });

  it('leave an orphan for each page freed under a mapping', () => {
    const { before, after } = boot(STRATEGIES.find(({ id }) => id === 'uncoordinated')!, 'two-backend', 'type1v2');
    expect([before.orphans, after.orphans, after.mappings]).toEqual([0, 64, before.mappings]);
  });

  it.each(['extended-rdm', 'notifier-list'])('leave nothing in place and on a server that pins nothing: %s', (id) => {
    const strategy = STRATEGIES.find((one) => one.id === id)!;
    for (const [regime, backend] of [['in-place', 'iommufd'], ['two-backend', 'vfio-user-strict']] as const) {
      const { before, after, refused } = boot(strategy, regime, backend);
      expect(refused).toEqual([]);
      // In place a page keeps the frame it was once given, whoever uses it.
      expect({ ...after, frames: 0 }).toEqual({ ...before, frames: 0 });
      expect(after.frames).toBeLessThanOrEqual(before.frames + (regime === 'in-place' ? 64 : 0));
    }
  });
});
