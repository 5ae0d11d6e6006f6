// SPDX-License-Identifier: MIT
/**
 * The one-line text form: `world(...)` with what differs from the default, then the operations, joined by `; `.
 */
import type { WorldSpec } from '../world/world-spec.ts';
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
    case 'plug':
    case 'unplug':
      return `(${operation.device},${operation.block}+${operation.count})`;
    case 'unplug-all':
      return `(${operation.device})`;
    case 'attach':
    case 'detach':
      return `(${operation.container})`;
    case 'refuse':
      return `(${operation.container},${operation.call},${operation.k},${operation.errno})`;
    case 'dma':
      return `(${operation.container},${operation.page},${operation.access})`;
    case 'touch':
      return `(${operation.page})`;
    case 'balloon':
      return `(${operation.page}+${operation.count})`;
    case 'migrate':
      return `(${operation.step})`;
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
    const devices = world.vmem.map(({ blockCount, blockPages }) => `${blockCount}x${blockPages}`);
    parts.push(`vmem=${devices.join(',')}`);
  }
  if (world.onRefusal !== fallback.onRefusal) parts.push(`onRefusal=${world.onRefusal}`);
  if (world.tee !== fallback.tee) parts.push(`tee=${world.tee}`);
  if (world.limit !== fallback.limit) parts.push(`limit=${world.limit}`);
  return `world(${parts.join(', ')})`;
}

function printContainers(world: WorldSpec): string {
  if (world.containers.length === 0) return 'none';
  return world.containers.map(({ name, backend }) => `${name}:${backend}`).join(',');
}
