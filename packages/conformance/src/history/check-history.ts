// SPDX-License-Identifier: MIT
import { type ContainerSpec, MAX_WORLD_PAGES, positionCount, type VmemSpec, type WorldSpec } from '../world/world-spec.ts';
import { HistoryError } from './history-error.ts';
import type { History } from './history.ts';
import type { NestedOperation, Operation } from './operation.ts';

/** Refuses a history that names what its world does not have; returns it unchanged otherwise. */
export function checkHistory(history: History): History {
  const flaw = findWorldProblem(history.world);
  if (flaw !== undefined) throw new HistoryError(`history: world(...) ${flaw}`);
  for (const [at, operation] of history.operations.entries()) {
    const problem = operation.op === 'at' ? findNestedProblem(history, operation, at) : findProblem(history.world, operation);
    if (problem !== undefined) throw new HistoryError(`history: operation ${at + 1} (${operation.op}) ${problem}`);
  }
  const pages = positionCount(history.world);
  if (pages > MAX_WORLD_PAGES) {
    throw new HistoryError(`history: world(...) has ${pages} pages with its devices; at most ${MAX_WORLD_PAGES} are built`);
  }
  const names = new Set(history.world.containers.map(({ name }) => name));
  if (names.size !== history.world.containers.length) {
    throw new HistoryError('history: world(...) names a container twice; give each its own cN');
  }
  for (const container of history.world.containers) {
    const problem = findContainerProblem(history.world, container);
    if (problem !== undefined) throw new HistoryError(`history: world(...) container ${container.name} ${problem}`);
  }
  return history;
}

function findContainerProblem({ tee }: WorldSpec, { backend, iommuPages, kind }: ContainerSpec): string | undefined {
  if (kind === undefined) return undefined;
  if (iommuPages !== undefined) return `has a page size and is behind +${kind}; give one of the two`;
  if (kind !== 'tdisp') return undefined;
  if (backend !== 'iommufd') return `is of a TDISP device on ${backend}; only iommufd has a way to private pages`;
  return tee === 'none' ? 'is of a TDISP device; give the world tee=snp or tee=tdx' : undefined;
}

function findNestedProblem({ world, operations }: History, { operation }: NestedOperation, at: number): string | undefined {
  const outer = operations[at - 1];
  if (outer === undefined) return 'has no operation before it to run inside';
  if (outer.op === 'at') return 'follows another at; one operation inside another is all';
  const problem = findProblem(world, operation);
  return problem === undefined ? undefined : `runs ${operation.op}, which ${problem}`;
}

function findProblem(world: WorldSpec, operation: Operation): string | undefined {
  if ('container' in operation && !world.containers.some(({ name }) => name === operation.container)) {
    const known = world.containers.map(({ name }) => name).join(', ') || 'none';
    return `names container ${operation.container}; the world has ${known}`;
  }
  const isBehindViommu =
    'container' in operation && world.containers.find(({ name }) => name === operation.container)?.kind === 'viommu';
  if (!isBehindViommu && (operation.op === 'viommu-map' || operation.op === 'viommu-unmap')) {
    return `names container ${operation.container}, which is behind no vIOMMU; write cN:BACKEND+viommu`;
  }
  if (operation.op === 'migrate' && operation.late && operation.step !== 'load') {
    return 'says late; only a load can be late';
  }
  // Behind a vIOMMU a device names I/O virtual addresses.
  if ('page' in operation && !(isBehindViommu && operation.op === 'dma')) {
    const count = 'count' in operation ? operation.count : 1;
    const limit = positionCount(world);
    if (operation.page + count > limit) {
      return `ends at page ${operation.page + count}; the world has pages 0 to ${limit - 1}`;
    }
  }
  if ('device' in operation) return findDeviceProblem(world, operation);
  return undefined;
}

function findDeviceProblem(
  world: WorldSpec,
  operation: Extract<Operation, { device: string }>,
): string | undefined {
  const device = world.vmem[Number(operation.device.slice(1))];
  if (device === undefined) {
    return `names device ${operation.device}; the world has ${world.vmem.length} virtio-mem devices, m0 first`;
  }
  const changesSource = operation.op === 'add-source' || operation.op === 'del-source';
  if (changesSource && device.memslotBlocks !== undefined) {
    return `names ${operation.device}, whose memslots come and go; a source joins and leaves a region that is always there`;
  }
  // A block range past the device is a request a guest can make: the device answers ERROR.
  return undefined;
}

function findWorldProblem(world: WorldSpec): string | undefined {
  const { pages, hugetlb, regime, firmware, readonly, vmem } = world;
  if (hugetlb > 1 && regime === 'in-place') return 'has hugetlb in place, where the shared side is no memory of its own; leave one out';
  if (pages % hugetlb !== 0) return `has ${pages} pages, which are no whole huge pages of ${hugetlb}; give a multiple`;
  if (readonly === 'firmware' && firmware === 0) return 'has a read-only firmware and no firmware; write firmware=1';
  for (const [at, device] of vmem.entries()) {
    const problem = findVmemProblem(world, device, at);
    if (problem !== undefined) return `m${at} ${problem}`;
  }
  return undefined;
}

function findVmemProblem({ vmem }: WorldSpec, device: VmemSpec, at: number): string | undefined {
  const { over, memslotBlocks, shared, blockCount, blockPages } = device;
  if (memslotBlocks !== undefined && memslotBlocks > blockCount) {
    return `has ${blockCount} blocks and memslots of ${memslotBlocks}; give at most as many`;
  }
  if (over === undefined) return undefined;
  const saysMore = memslotBlocks !== undefined || shared === true;
  if (saysMore) return `is over the block of ${over}; memslots and :shared are said there`;
  const owner = Number(over.slice(1)) < at ? vmem[Number(over.slice(1))] : undefined;
  if (owner === undefined || owner.over !== undefined) {
    return `is over ${over}, which is no device before it with a block of its own`;
  }
  if (owner.memslotBlocks !== undefined) {
    return `is over ${over}, whose memslots come and go; only a lasting region takes a second source`;
  }
  const [pages, ownerPages] = [blockCount * blockPages, owner.blockCount * owner.blockPages];
  return pages === ownerPages ? undefined : `has ${pages} pages, the block of ${over} has ${ownerPages}; give as many`;
}
