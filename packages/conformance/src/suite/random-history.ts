// SPDX-License-Identifier: MIT
/**
 * Random histories for properties: fast-check draws a world and a list of operations as plain data; arguments are
 * numbers taken modulo what the world has, so every shrink is a legal history. Operations a strategy's capabilities
 * exclude are not drawn.
 */
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import type { History } from '../history/history.ts';
import type { Operation } from '../history/operation.ts';
import { containerDraws, containersOf } from './random-containers.ts';
import { guestOf, oddities } from './random-world.ts';
import { resolveRequest } from './random-request.ts';
import { positionCount, type WorldBackend, type WorldSpec, worldSpec } from '../world/world-spec.ts';

/** Lengths up to this are drawn alike; fast-check's own bias would stop near six. */
const MAX_OPERATIONS = 20;

/** One drawn operation: a kind and numbers, resolved against the world. */
interface Draw {
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

type Kind = Exclude<Operation['op'], 'at'> | 'share' | 'take-back' | 'migration';

const WEIGHTS: Readonly<Record<Kind, number>> = {
  convert: 0,
  share: 12,
  'take-back': 9,
  attach: 6,
  detach: 2,
  refuse: 6,
  heal: 3,
  dma: 4,
  touch: 3,
  balloon: 1,
  dump: 1,
  migrate: 1,
  migration: 2,
  read: 1,
  cpr: 1,
  'viommu-map': 3,
  'viommu-unmap': 2,
  plug: 4,
  unplug: 3,
  'unplug-all': 1,
  'add-source': 1,
  'del-source': 1,
  request: 3,
  reset: 1,
};

export function randomHistory(strategy: Strategy, backend: WorldBackend, regime: Regime): fc.Arbitrary<History> {
  const { virtioMem, reset, views } = strategy.capabilities;
  const excluded = new Set<Kind>(['convert']);
  if (!virtioMem) for (const kind of ['plug', 'unplug', 'unplug-all', 'add-source', 'del-source'] as const) excluded.add(kind);
  if (!views) for (const kind of ['dump', 'migrate', 'migration', 'cpr', 'viommu-map', 'viommu-unmap'] as const) excluded.add(kind);
  if (reset === 'shutdown') excluded.add('reset');
  const kinds = (Object.keys(WEIGHTS) as Kind[])
    .filter((kind) => !excluded.has(kind))
    .map((kind) => ({ arbitrary: fc.constant(kind), weight: WEIGHTS[kind] }));
  const number = fc.nat(63);
  const draw: fc.Arbitrary<Draw> = fc.record({ kind: fc.oneof(...kinds), a: number, b: number, c: number });
  return fc
    .record({
      pages: fc.integer({ min: 1, max: 8 }),
      containers: containerDraws,
      vmem: fc.constantFrom(...(virtioMem ? [0, 1, 2] : [0])),
      blockPages: fc.constantFrom(1, 2, 4),
      odd: oddities,
      retries: fc.boolean(),
      draws: fc.array(draw, { minLength: 1, maxLength: MAX_OPERATIONS, size: 'max' }),
    })
    .map(({ pages, containers, vmem, blockPages, odd, retries, draws }) => {
      const world = worldSpec({
        regime,
        ...guestOf(pages, vmem, blockPages, regime, odd),
        ...containersOf(strategy, backend, containers),
        onRefusal: retries ? 'retry' : 'stop',
      });
      const operations = draws.flatMap((drawn) => (drawn.kind === 'migration' ? wholeMigration(drawn, world) : [resolve(drawn, world)]));
      return { world, operations: operations.filter((operation) => operation !== undefined) };
    });
}

function resolve({ kind, a, b, c }: Draw, world: WorldSpec): Operation | undefined {
  const limit = positionCount(world);
  const page = a % limit;
  const count = 1 + (b % (limit - page));
  const container = `c${a % world.containers.length}`;
  switch (kind) {
    case 'share':
    case 'take-back':
      return { op: 'convert', page, count, to: kind === 'share' ? 'shared' : 'private' };
    case 'attach':
    case 'detach':
      return { op: kind, container };
    case 'refuse':
      return resolveRefusal(container, b, c);
    case 'dma':
      return { op: 'dma', container, page: b % limit, access: c % 2 === 0 ? 'read' : 'write' };
    case 'touch':
      return { op: 'touch', page };
    case 'balloon':
      return { op: 'balloon', page, count };
    case 'migrate':
      return { op: 'migrate', step: a % 2 === 0 ? 'start' : 'finish' };
    case 'read':
      return { op: 'read', page };
    case 'cpr':
      return { op: 'cpr', container };
    case 'viommu-map':
    case 'viommu-unmap':
      return resolveIova(kind, page, b, c, world);
    case 'plug':
    case 'unplug':
    case 'unplug-all':
    case 'add-source':
    case 'del-source':
      return resolvePlug(kind, a, b, world);
    case 'request':
      return resolveRequest(a, b, c, world);
    case 'heal':
    case 'dump':
    case 'reset':
      return { op: kind };
    case 'convert':
    case 'migration':
      return undefined;
  }
}

/** A migration with writes and a conversion under way, and the guest it restores: single draws hardly ever meet so. */
function wholeMigration({ a, b, c }: Draw, world: WorldSpec): Operation[] {
  const limit = positionCount(world);
  const container = `c${a % world.containers.length}`;
  return [
    { op: 'migrate', step: 'start' },
    { op: 'convert', page: c % limit, count: 1, to: b % 2 === 0 ? 'shared' : 'private' },
    { op: 'dma', container, page: a % limit, access: 'write' },
    { op: 'dma', container, page: b % limit, access: 'write' },
    { op: 'touch', page: (a + c) % limit },
    { op: 'migrate', step: 'finish' },
    { op: 'migrate', step: 'load', ...(c % 2 === 0 && { late: true }) },
  ];
}

/** Few IOVA pages, so that they are mapped twice and found again by DMA. */
const IOVA_PAGES = 6;

function resolveIova(kind: 'viommu-map' | 'viommu-unmap', page: number, b: number, c: number, world: WorldSpec): Operation | undefined {
  const behind = world.containers.find((container) => container.kind === 'viommu');
  if (behind === undefined) return undefined;
  const iova = b % IOVA_PAGES;
  const count = Math.min(1 + (c % 2), positionCount(world) - page);
  return { op: kind, container: behind.name, iova, ...(kind === 'viommu-map' && { page }), count } as Operation;
}

/** ENOENT is left out: QEMU takes it for success of an unmap on iommufd, whoever said it. */
const REFUSALS = { map: ['ENOMEM', 'ENOSPC', 'EFAULT'], unmap: ['EBUSY', 'EINVAL', 'EIO'] } as const;

function resolveRefusal(container: string, b: number, c: number): Operation {
  const call = b % 3 === 0 ? 'unmap' : 'map';
  const errno = REFUSALS[call][Math.floor(c / 12) % 3]!;
  const isOnce = Math.floor(c / 6) % 2 === 1;
  return { op: 'refuse', container, call, k: 1 + (c % 6), errno, ...(isOnce && { once: true }) };
}

type DeviceKind = Extract<Operation, { device: string }>['op'];

function resolvePlug(kind: DeviceKind, a: number, b: number, world: WorldSpec): Operation | undefined {
  if (world.vmem.length === 0) return undefined;
  const at = a % world.vmem.length;
  const device = `m${at}`;
  if (kind === 'unplug-all') return { op: kind, device };
  if (kind === 'add-source' || kind === 'del-source') {
    return world.vmem[at]!.memslotBlocks === undefined ? { op: kind, device } : undefined;
  }
  const block = b % world.vmem[at]!.blockCount;
  return { op: kind, device, block, count: 1 + ((a + b) % (world.vmem[at]!.blockCount - block)) };
}
