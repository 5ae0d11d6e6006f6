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

type Kind = Operation['op'] | 'share' | 'take-back';

const WEIGHTS: Readonly<Record<Kind, number>> = {
  convert: 0,
  share: 8,
  'take-back': 6,
  attach: 4,
  detach: 2,
  refuse: 3,
  heal: 2,
  dma: 1,
  touch: 3,
  balloon: 1,
  dump: 1,
  migrate: 1,
  plug: 4,
  unplug: 3,
  'unplug-all': 1,
  reset: 1,
};

export function randomHistory(strategy: Strategy, backend: WorldBackend, regime: Regime): fc.Arbitrary<History> {
  const { virtioMem, reset, views } = strategy.capabilities;
  const excluded = new Set<Kind>(['convert']);
  if (!virtioMem) for (const kind of ['plug', 'unplug', 'unplug-all'] as const) excluded.add(kind);
  if (!views) for (const kind of ['dump', 'migrate'] as const) excluded.add(kind);
  if (reset === 'shutdown') excluded.add('reset');
  const kinds = (Object.keys(WEIGHTS) as Kind[])
    .filter((kind) => !excluded.has(kind))
    .map((kind) => ({ arbitrary: fc.constant(kind), weight: WEIGHTS[kind] }));
  const number = fc.nat(63);
  const draw: fc.Arbitrary<Draw> = fc.record({ kind: fc.oneof(...kinds), a: number, b: number, c: number });
  return fc
    .record({
      pages: fc.integer({ min: 1, max: 8 }),
      containerCount: fc.integer({ min: 1, max: 2 }),
      vmem: fc.constantFrom(...(virtioMem ? [0, 1, 2] : [0])),
      blockPages: fc.constantFrom(1, 2, 4),
      retries: fc.boolean(),
      draws: fc.array(draw, { minLength: 1, maxLength: MAX_OPERATIONS, size: 'max' }),
    })
    .map(({ pages, containerCount, vmem, blockPages, retries, draws }) => {
      const world = worldSpec({
        regime,
        pages,
        containers: Array.from({ length: containerCount }, (_, at) => ({ name: `c${at}`, backend })),
        vmem: Array.from({ length: vmem }, () => ({ blockCount: 2, blockPages })),
        onRefusal: retries ? 'retry' : 'stop',
      });
      const operations = draws.map((drawn) => resolve(drawn, world)).filter((operation) => operation !== undefined);
      return { world, operations };
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
      return { op: 'refuse', container, call: b % 3 === 0 ? 'unmap' : 'map', k: 1 + (c % 6), errno: b % 3 === 0 ? 'EBUSY' : 'ENOMEM' };
    case 'dma':
      return { op: 'dma', container, page: b % limit, access: c % 2 === 0 ? 'read' : 'write' };
    case 'touch':
      return { op: 'touch', page };
    case 'balloon':
      return { op: 'balloon', page, count };
    case 'migrate':
      return { op: 'migrate', step: a % 2 === 0 ? 'start' : 'finish' };
    case 'plug':
    case 'unplug':
    case 'unplug-all':
      return resolvePlug(kind, a, b, world);
    case 'heal':
    case 'dump':
    case 'reset':
      return { op: kind };
    case 'convert':
      return undefined;
  }
}

function resolvePlug(kind: 'plug' | 'unplug' | 'unplug-all', a: number, b: number, world: WorldSpec): Operation | undefined {
  if (world.vmem.length === 0) return undefined;
  const at = a % world.vmem.length;
  const device = `m${at}`;
  if (kind === 'unplug-all') return { op: kind, device };
  const block = b % world.vmem[at]!.blockCount;
  return { op: kind, device, block, count: 1 + ((a + b) % (world.vmem[at]!.blockCount - block)) };
}
