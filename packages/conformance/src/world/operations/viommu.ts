// SPDX-License-Identifier: MIT
import type { Operation } from '../../history/operation.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

type ViommuOperation = Extract<Operation, { op: 'viommu-map' | 'viommu-unmap' }>;

/** The guest maps or unmaps pages at I/O virtual addresses of a device behind its vIOMMU. */
export function viommu(machine: Machine, operation: ViommuOperation): Answer {
  const container = machine.container(operation.container);
  if (!container.attached) return 'not attached';
  machine.begin('other', []);
  const answer =
    operation.op === 'viommu-map'
      ? container.viommu!.map(machine, operation)
      : container.viommu!.unmap(machine, operation.iova, operation.count);
  machine.judge.end('succeeded');
  return answer;
}
