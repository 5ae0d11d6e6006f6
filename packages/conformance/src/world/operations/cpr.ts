// SPDX-License-Identifier: MIT
/**
 * CPR: the VMM is replaced under a running guest, and a container's mappings are given to the new one.
 *
 * "Discarded" means to it: not to be mapped again. It expects `runs(block, 'dma')` to be exactly what is mapped: a page
 * that is not shown is out of its device's reach afterwards, one that is shown too much is in it. The listener's `remap`
 * does the work; here the outcome is compared with what was mapped before.
 *
 * Source: QEMU 10.2.2 hw/vfio/cpr-legacy.c (recovery remaps what the manager calls populated). CPR of a
 * confidential guest is blocked there, so what this finds is latent. Refused while a migration runs or a half undone
 * request waits, and for a device behind a vIOMMU or with trusted IO, of which upstream has no CPR. A remap that is refused
 * leaves the new VMM without the device. Not covered: addresses that runs carry, pages in flight.
 */
import { statusText } from '@sda-lab/guest-memory';
import type { Evidence } from '../../judge/violation.ts';
import type { Machine } from '../machine.ts';
import type { WorldContainer } from '../world-container.ts';
import type { Answer } from './answer.ts';
import { loseDevice } from './attach.ts';

export function cpr(machine: Machine, container: WorldContainer): Answer {
  if (!container.attached) return 'not attached';
  if (container.viommu !== undefined || container.tdisp !== undefined) return '-EOPNOTSUPP';
  const { judge, layout } = machine;
  if (machine.isMigrating || judge.hasPending) return '-EBUSY';
  machine.begin('other', []);
  const at = machine.containers.indexOf(container);
  const before = Array.from({ length: layout.totalCount }, (_, position) => judge.isMapped(at, position));
  if (before.includes(true)) judge.witnesses.see('consumer cpr');
  const status = container.listener.remap(() => container.kernel.unmapAll());
  judge.reread(at);
  if (status !== 0) {
    loseDevice(machine, container);
    return `${statusText(status)}, detached`;
  }
  const difference = findDifference(machine, container, at, before);
  if (difference !== undefined) {
    judge.report('consumers-see', difference, 'latent');
    // What is wrong from here on is wrong because of a CPR that upstream blocks.
    judge.isLatent = true;
  }
  judge.end('succeeded');
  return '0';
}

function findDifference({ judge }: Machine, { name }: WorldContainer, at: number, before: readonly boolean[]): Evidence | undefined {
  const position = before.findIndex((wasMapped, one) => wasMapped !== judge.isMapped(at, one));
  if (position === -1) return undefined;
  const detail = before[position] ? 'mapped no more' : 'mapped now';
  return { reason: 'remap-differs', container: name, position, detail };
}
