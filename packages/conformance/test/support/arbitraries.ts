// SPDX-License-Identifier: MIT
/**
 * Any history the schema takes: every world parameter, every operation, arguments in and just out of a device's range.
 * The suite's own `randomHistory` draws what a strategy offers; this one draws what can be written down.
 */
import { ERRNO, type ErrnoName } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { type History, type Operation, positionCount, WORLD_BACKENDS, type WorldSpec, worldSpec } from '../../src/index.ts';

const UNLIMITED = 0xffffffff;

const anyWorld: fc.Arbitrary<WorldSpec> = fc
  .record({
    regime: fc.constantFrom('two-backend', 'in-place'),
    backends: fc.array(fc.constantFrom(...WORLD_BACKENDS), { maxLength: 3 }),
    pages: fc.integer({ min: 1, max: 12 }),
    vmem: fc.array(
      fc.record({ blockCount: fc.integer({ min: 1, max: 3 }), blockPages: fc.constantFrom(1, 2, 4) }),
      { maxLength: 2 },
    ),
    onRefusal: fc.constantFrom('stop', 'retry'),
    tee: fc.constantFrom('none', 'tdx', 'snp'),
    limit: fc.oneof(fc.constant(UNLIMITED), fc.integer({ min: 0, max: 40_000 })),
  })
  .map(({ backends, ...rest }) =>
    worldSpec({ ...rest, containers: backends.map((backend, at) => ({ name: `c${at}`, backend })) }),
  );

export const anyHistory: fc.Arbitrary<History> = anyWorld.chain((world) =>
  fc.record({
    world: fc.constant(world),
    operations: fc.array(fc.oneof(...operationsOf(world)), { maxLength: 12, size: 'max' }),
  }),
);

function operationsOf(world: WorldSpec): fc.Arbitrary<Operation>[] {
  const limit = positionCount(world);
  const page = fc.nat(limit - 1);
  const run = page.chain((first) => fc.record({ page: fc.constant(first), count: fc.integer({ min: 1, max: limit - first }) }));
  const always: fc.Arbitrary<Operation>[] = [
    fc.record({ run, to: fc.constantFrom('shared', 'private') }).map(({ run: pages, to }) => ({ op: 'convert', ...pages, to })),
    run.map((pages) => ({ op: 'balloon', ...pages })),
    fc.record({ op: fc.constant('touch'), page }),
    fc.record({ op: fc.constantFrom('reset', 'heal', 'dump') }),
    fc.record({ op: fc.constant('migrate'), step: fc.constantFrom('start', 'finish') }),
  ];
  return [...always, ...containerOperations(world, page), ...deviceOperations(world)];
}

function containerOperations(world: WorldSpec, page: fc.Arbitrary<number>): fc.Arbitrary<Operation>[] {
  if (world.containers.length === 0) return [];
  const container = fc.constantFrom(...world.containers.map(({ name }) => name));
  const errno = fc.constantFrom(...(Object.keys(ERRNO) as ErrnoName[]));
  return [
    fc.record({ op: fc.constantFrom('attach', 'detach'), container }),
    fc.record({ op: fc.constant('dma'), container, page, access: fc.constantFrom('read', 'write') }),
    fc.record({
      op: fc.constant('refuse'),
      container,
      call: fc.constantFrom('map', 'unmap'),
      k: fc.integer({ min: 1, max: 9 }),
      errno,
    }),
  ];
}

function deviceOperations(world: WorldSpec): fc.Arbitrary<Operation>[] {
  if (world.vmem.length === 0) return [];
  const device = fc.constantFrom(...world.vmem.map((_, at) => `m${at}`));
  const block = fc.nat(4);
  const count = fc.integer({ min: 1, max: 4 });
  return [
    fc.record({ op: fc.constantFrom('plug', 'unplug'), device, block, count }),
    fc.record({ op: fc.constant('unplug-all'), device }),
  ];
}
