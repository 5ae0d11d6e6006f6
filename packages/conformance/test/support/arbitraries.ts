// SPDX-License-Identifier: MIT
/**
 * Any history the schema takes: every world parameter, every operation, arguments in and just out of a device's range.
 * The suite's own `randomHistory` draws what a strategy offers; this one draws what can be written down.
 */
import { ERRNO, type ErrnoName } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { type ContainerSpec, type History, type NestedOperation, type Operation, positionCount, type VmemSpec, WORLD_BACKENDS, type WorldSpec, worldSpec } from '../../src/index.ts';

const UNLIMITED = 0xffffffff;

const plainDevice = fc.record({ blockCount: fc.integer({ min: 1, max: 3 }), blockPages: fc.constantFrom(1, 2, 4) });
const memslotDevice = plainDevice.chain((device) =>
  fc.record({ blockCount: fc.constant(device.blockCount), blockPages: fc.constant(device.blockPages), memslotBlocks: fc.integer({ min: 1, max: device.blockCount }) }),
);
const sharedDevice = plainDevice.map((device) => ({ ...device, shared: true as const }));

const anyWorld: fc.Arbitrary<WorldSpec> = fc
  .record({
    regime: fc.constantFrom('two-backend', 'in-place'),
    backends: fc.array(fc.constantFrom(...WORLD_BACKENDS), { maxLength: 3 }),
    last: fc.constantFrom('plain', 'plain', 'viommu', 'tdisp', 'iommu-page'),
    pages: fc.integer({ min: 1, max: 12 }),
    vmem: fc.array(fc.oneof(plainDevice, plainDevice, memslotDevice, sharedDevice), { maxLength: 2 }),
    hasSecondSource: fc.boolean(),
    firmware: fc.constantFrom(0, 0, 1, 3),
    isReadonly: fc.boolean(),
    hugetlb: fc.constantFrom(1, 1, 2, 4),
    onRefusal: fc.constantFrom('stop', 'retry'),
    tee: fc.constantFrom('none', 'tdx', 'snp'),
    limit: fc.oneof(fc.constant(UNLIMITED), fc.integer({ min: 0, max: 40_000 })),
  })
  .map(({ backends, last, pages, vmem, hasSecondSource, isReadonly, hugetlb, ...rest }) => {
    const plain = backends.map((backend, at) => ({ name: `c${at}`, backend }));
    const containers = [...plain.slice(0, -1), ...plain.slice(-1).map((one) => ofKind(one, last, rest.tee))];
    const huge = rest.regime === 'in-place' ? 1 : hugetlb;
    return worldSpec({
      ...rest,
      containers,
      pages: Math.ceil(pages / huge) * huge,
      vmem: [...vmem, ...(hasSecondSource ? secondSource(vmem) : [])],
      readonly: isReadonly && rest.firmware > 0 ? 'firmware' : 'none',
      hugetlb: huge,
    });
  });

/** One page per block over the first device, where its region is always there. */
function secondSource([first]: readonly VmemSpec[]): VmemSpec[] {
  if (first === undefined || first.memslotBlocks !== undefined) return [];
  return [{ blockCount: first.blockCount * first.blockPages, blockPages: 1, over: 'm0' }];
}

/** The last container may be of another kind, where the schema lets it. */
function ofKind(
  plain: ContainerSpec,
  last: 'plain' | 'viommu' | 'tdisp' | 'iommu-page',
  tee: WorldSpec['tee'],
): ContainerSpec {
  if (last === 'iommu-page') return { ...plain, iommuPages: 2 };
  if (last === 'viommu') return { ...plain, kind: 'viommu' };
  return last === 'tdisp' && tee !== 'none' ? { ...plain, backend: 'iommufd', kind: 'tdisp' } : plain;
}

export const anyHistory: fc.Arbitrary<History> = anyWorld.chain((world) =>
  fc.record({
    world: fc.constant(world),
    operations: fc
      .array(fc.record({ operation: fc.oneof(...operationsOf(world)), event: fc.integer({ min: -9, max: 9 }) }), { maxLength: 12, size: 'max' })
      .map(withSomeInside),
  }),
);

/** An operation with a positive event runs inside the one before it, where that has none yet. */
function withSomeInside(drawn: readonly { readonly operation: Operation; readonly event: number }[]): Operation[] {
  const operations: Operation[] = [];
  for (const { operation, event } of drawn) {
    const outer = operations.at(-1);
    const fits = event > 0 && outer !== undefined && outer.op !== 'at';
    operations.push(fits ? { op: 'at', event, operation: operation as NestedOperation['operation'] } : operation);
  }
  return operations;
}

/** Around borders that every world has, and anywhere. */
const bytes = fc
  .oneof(fc.constantFrom(0n, 0x1000n, 0x2000n, 0x800n, 0xffffe000n, 0x1_0000_0000n, (1n << 64n) - 0x1000n, (1n << 64n) - 1n), fc.bigInt(0n, (1n << 64n) - 1n))
  .map((value) => `0x${value.toString(16)}`);

function operationsOf(world: WorldSpec): fc.Arbitrary<Operation>[] {
  const limit = positionCount(world);
  const page = fc.nat(limit - 1);
  const run = page.chain((first) => fc.record({ page: fc.constant(first), count: fc.integer({ min: 1, max: limit - first }) }));
  const always: fc.Arbitrary<Operation>[] = [
    fc.record({ run, to: fc.constantFrom('shared', 'private') }).map(({ run: pages, to }) => ({ op: 'convert', ...pages, to })),
    fc.record({ op: fc.constant('request'), address: bytes, size: bytes, to: fc.constantFrom('shared', 'private') }),
    run.map((pages) => ({ op: 'balloon', ...pages })),
    fc.record({ op: fc.constantFrom('touch', 'read'), page }),
    fc.record({ op: fc.constantFrom('reset', 'heal', 'dump') }),
    fc.record({ op: fc.constant('migrate'), step: fc.constantFrom('start', 'finish', 'load') }),
    fc.constant({ op: 'migrate', step: 'load', late: true }),
  ];
  return [...always, ...containerOperations(world, page), ...deviceOperations(world)];
}

function containerOperations(world: WorldSpec, page: fc.Arbitrary<number>): fc.Arbitrary<Operation>[] {
  if (world.containers.length === 0) return [];
  const container = fc.constantFrom(...world.containers.map(({ name }) => name));
  const errno = fc.constantFrom(...(Object.keys(ERRNO) as ErrnoName[]));
  return [
    fc.record({ op: fc.constantFrom('attach', 'detach', 'cpr'), container }),
    ...viommuOperations(world, page),
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

function viommuOperations(world: WorldSpec, page: fc.Arbitrary<number>): fc.Arbitrary<Operation>[] {
  const behind = world.containers.find(({ kind }) => kind === 'viommu');
  if (behind === undefined) return [];
  const where = { container: fc.constant(behind.name), iova: fc.nat(8), count: fc.constant(1) };
  return [
    fc.record({ op: fc.constant('viommu-map'), ...where, page }),
    fc.record({ op: fc.constant('viommu-unmap'), ...where }),
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
    ...sourceOperations(world),
  ];
}

/** A source comes and goes over a region that is always there. */
function sourceOperations({ vmem }: WorldSpec): fc.Arbitrary<Operation>[] {
  const lasting = vmem.flatMap(({ memslotBlocks }, at) => (memslotBlocks === undefined ? [`m${at}`] : []));
  if (lasting.length === 0) return [];
  return [fc.record({ op: fc.constantFrom('add-source', 'del-source'), device: fc.constantFrom(...lasting) })];
}
