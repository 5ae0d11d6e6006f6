// SPDX-License-Identifier: MIT
/**
 * A history with as little as possible that searched worlds do not have: one thing after the other is made plain, smaller
 * or common, as long as it still shows what it shows. What is left is needed, one by one: not all at once, a smaller
 * history of another kind may exist.
 */
import {
  type History,
  HistoryError,
  KERNEL_BACKENDS,
  type Operation,
  parseHistory,
  printHistory,
  worldSpec,
  type WorldSpec,
} from '@sda-lab/conformance';
import { PAGE_BYTES } from '@sda-lab/guest-memory';

export function simplifyHistory(history: History, stillShows: (tried: History) => boolean): History {
  const simpler = simplerForms(history).find((tried) => isHistory(tried) && stillShows(tried));
  return simpler === undefined ? history : simplifyHistory(simpler, stillShows);
}

/** Each differs from the history in one thing. */
function simplerForms(history: History): History[] {
  const { world, operations } = history;
  return [
    ...simplerWorlds(world).map((simpler): History => ({ world: simpler, operations })),
    ...withFewerPages(history),
    ...operations.flatMap((operation, at) =>
      simplerOperations(operation).map((simpler): History => ({ world, operations: operations.with(at, simpler) })),
    ),
  ].filter((tried) => printHistory(tried) !== printHistory(history));
}

function simplerWorlds(world: WorldSpec): WorldSpec[] {
  const { onRefusal, tee, hugetlb, firmware, limit, readonly } = worldSpec();
  const plain: Partial<WorldSpec>[] = [{ onRefusal }, { tee }, { hugetlb }, { firmware, readonly }, { limit }, { vmem: [] }];
  return [
    ...plain.map((part) => ({ ...world, ...part })),
    ...world.containers.flatMap(({ name, backend, iommuPages, kind }, at) => {
      const forms = [
        { name, backend, ...(kind && { kind }) },
        { name, backend, ...(iommuPages && { iommuPages }) },
        // Two of one kind are more than the kernel interfaces in turn.
        ...(isKernel(backend) ? [{ name, backend: KERNEL_BACKENDS[at % KERNEL_BACKENDS.length]!, ...(iommuPages && { iommuPages }), ...(kind && { kind }) }] : []),
      ];
      return forms.map((form) => ({ ...world, containers: world.containers.with(at, form) }));
    }),
    ...world.vmem.flatMap((device, at) => {
      const { memslotBlocks: _slots, ...lasting } = device;
      const { shared: _shared, ...managed } = device;
      const forms = [lasting, managed, ...(device.blockCount > 1 ? [{ ...device, blockCount: device.blockCount - 1 }] : [])];
      return forms.map((form) => ({ ...world, vmem: world.vmem.with(at, form) }));
    }),
  ];
}

/** Boot RAM or the blocks of a device are cut; operations behind the cut move up, or all do, or none. */
function withFewerPages(history: History): History[] {
  const { world, operations } = history;
  const fewer = Array.from({ length: Math.min(world.pages - 1, MOST_CUTS) }, (_, at) => at + 1).flatMap((cut): History[] => {
    const smaller = { ...world, pages: world.pages - cut };
    return [
      { world: smaller, operations: operations.map((operation) => movedUp(operation, smaller.pages, cut)) },
      { world: smaller, operations: operations.map((operation) => movedUp(operation, 0, cut)) },
      { world: smaller, operations },
      ...bytesMovedUp(operations, cut).map((moved) => ({ world: smaller, operations: moved })),
    ];
  });
  const halved = world.vmem.flatMap((device, at): History[] => {
    if (device.blockPages === 1) return [];
    const smaller = { ...world, vmem: world.vmem.with(at, { ...device, blockPages: device.blockPages / 2 }) };
    const first = world.pages;
    return [{ world: smaller, operations }, { world: smaller, operations: operations.map((one) => drawnTogether(one, first)) }];
  });
  return [...fewer.toReversed(), ...halved];
}

/** A world of millions of pages is not tried page by page. */
const MOST_CUTS = 16;

function movedUp(operation: Operation, end: number, cut: number): Operation {
  if (!('page' in operation) || operation.page < end) return operation;
  return { ...operation, page: Math.max(end, operation.page - cut) };
}

function firstPage(address: string): number {
  return Number(BigInt(address) / BigInt(PAGE_BYTES));
}

/** Requests in bytes start up to so many pages earlier. */
function bytesMovedUp(operations: readonly Operation[], cut: number): Operation[][] {
  const starts = operations.flatMap((operation) => (operation.op === 'request' ? [firstPage(operation.address)] : []));
  return (starts.length === 0 ? [] : Array.from({ length: Math.min(cut, ...starts) }, (_, at) => at + 1)).map((pages) =>
    operations.map((operation): Operation => {
      if (operation.op !== 'request') return operation;
      const address = BigInt(operation.address) - BigInt(pages * PAGE_BYTES);
      return { ...operation, address: `0x${address.toString(16)}` };
    }),
  );
}

/** Behind `first`, every place and length is half of what it was. */
function drawnTogether(operation: Operation, first: number): Operation {
  if (!('page' in operation) || operation.page < first) return operation;
  const moved = { ...operation, page: first + Math.floor((operation.page - first) / 2) };
  return 'count' in moved ? { ...moved, count: Math.ceil(moved.count / 2) } : moved;
}

function simplerOperations(operation: Operation): Operation[] {
  if (operation.op === 'refuse') {
    const errno = operation.call === 'map' ? 'ENOMEM' : 'EBUSY';
    return [{ ...operation, errno }, { ...operation, once: true }];
  }
  if (!('count' in operation) || operation.count === 1) return [];
  return [{ ...operation, count: 1 }, { ...operation, count: operation.count - 1 }];
}

function isKernel(backend: string): boolean {
  return KERNEL_BACKENDS.some((one) => one === backend);
}

/** Whether all it names is there. */
function isHistory(tried: History): boolean {
  try {
    parseHistory(printHistory(tried));
    return true;
  } catch (error) {
    if (error instanceof HistoryError) return false;
    throw error;
  }
}
