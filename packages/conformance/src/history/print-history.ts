// SPDX-License-Identifier: MIT
/**
 * The one-line text form: `world(...)` with what differs from the default, then the operations, joined by `; `.
 */
import type { ContainerSpec, VmemSpec, WorldSpec } from '../world/world-spec.ts';
import { worldSpec } from '../world/world-spec.ts';
import type { History } from './history.ts';
import type { Operation } from './operation.ts';

export function printHistory(history: History): string {
  return [printWorld(history.world), ...history.operations.map(printOperation)].join('; ');
}

export function printOperation(operation: Operation): string {
  return `${operation.op}${printArguments(operation)}`;
}

function printArguments(operation: Operation): string {
  switch (operation.op) {
    case 'convert':
      return `(${operation.page}+${operation.count},${operation.to})`;
    case 'request':
      return `(${operation.address}+${operation.size},${operation.to})`;
    case 'plug':
    case 'unplug':
      return `(${operation.device},${operation.block}+${operation.count})`;
    case 'unplug-all':
    case 'add-source':
    case 'del-source':
      return `(${operation.device})`;
    case 'attach':
    case 'detach':
    case 'cpr':
      return `(${operation.container})`;
    case 'refuse':
      return `(${operation.container},${operation.call},${operation.k},${operation.errno}${operation.once ? ',once' : ''})`;
    case 'dma':
      return `(${operation.container},${operation.page},${operation.access})`;
    case 'touch':
    case 'read':
      return `(${operation.page})`;
    case 'viommu-map':
      return `(${operation.container},${operation.iova},${operation.page}+${operation.count})`;
    case 'viommu-unmap':
      return `(${operation.container},${operation.iova}+${operation.count})`;
    case 'balloon':
      return `(${operation.page}+${operation.count})`;
    case 'migrate':
      return `(${operation.step}${operation.late ? ',late' : ''})`;
    case 'at':
      return `(${operation.event},${printOperation(operation.operation)})`;
    case 'reset':
    case 'heal':
    case 'dump':
      return '';
  }
}

export function printWorld(world: WorldSpec): string {
  const fallback = worldSpec();
  const parts: string[] = [];
  if (world.regime !== fallback.regime) parts.push(`regime=${world.regime}`);
  const containers = printContainers(world);
  if (containers !== printContainers(fallback)) parts.push(`containers=${containers}`);
  if (world.pages !== fallback.pages) parts.push(`pages=${world.pages}`);
  if (world.vmem.length > 0) {
    parts.push(`vmem=${world.vmem.map(printVmem).join(',')}`);
  }
  if (world.firmware !== fallback.firmware) parts.push(`firmware=${world.firmware}`);
  if (world.readonly !== fallback.readonly) parts.push(`readonly=${world.readonly}`);
  if (world.hugetlb !== fallback.hugetlb) parts.push(`hugetlb=${world.hugetlb}`);
  if (world.onRefusal !== fallback.onRefusal) parts.push(`onRefusal=${world.onRefusal}`);
  if (world.tee !== fallback.tee) parts.push(`tee=${world.tee}`);
  if (world.limit !== fallback.limit) parts.push(`limit=${world.limit}`);
  return `world(${parts.join(', ')})`;
}

function printVmem({ blockCount, blockPages, memslotBlocks, over, shared }: VmemSpec): string {
  const memslots = memslotBlocks === undefined ? '' : `/${memslotBlocks}`;
  const source = over === undefined ? '' : `@${over}`;
  return `${blockCount}x${blockPages}${memslots}${source}${shared === true ? ':shared' : ''}`;
}

function printContainers(world: WorldSpec): string {
  if (world.containers.length === 0) return 'none';
  return world.containers.map(printContainer).join(',');
}

function printContainer({ name, backend, iommuPages, kind }: ContainerSpec): string {
  const pages = iommuPages === undefined ? '' : `/${iommuPages}`;
  return `${name}:${backend}${pages}${kind === undefined ? '' : `+${kind}`}`;
}
