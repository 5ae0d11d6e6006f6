// SPDX-License-Identifier: MIT
/**
 * Ways through the per-page model as histories of a world that does the same: its pages are those of a virtio-mem device
 * with blocks of one page (boot RAM where the design takes no such device), in containers on both kernel interfaces.
 * Boot RAM is two sections of the world and one of the model: there a refused attach may leave other things behind.
 */
import type { Operation } from '../../history/operation.ts';
import { KERNEL_BACKENDS, type WorldSpec, worldSpec } from '../../world/world-spec.ts';
import { bitsOf, countPages } from './page-bits.ts';
import { NONE } from './page-consumer.ts';
import type { PageMachine } from './page-machine.ts';
import { dueOf } from './page-properties.ts';
import { CONVERT, type PageOperation, PLUG } from './transitions.ts';

/** A world has at least one page of boot RAM; the model's pages follow it. */
const BOOT_PAGES = 1;

export function pageWorld(pageCount: number, hasSource: boolean): WorldSpec {
  return worldSpec({
    containers: KERNEL_BACKENDS.map((backend, at) => ({ name: `c${at}`, backend })),
    ...(hasSource ? { pages: BOOT_PAGES, vmem: [{ blockCount: pageCount, blockPages: 1 }] } : { pages: pageCount }),
    onRefusal: 'retry',
  });
}

/** An operation as it would go in the machine's present state. */
export function operationsOf(machine: PageMachine, { kind, of, refuser, refusedPage }: PageOperation): Operation[] {
  const firstPage = machine.hasSource ? BOOT_PAGES : 0;
  if (kind === CONVERT || kind === PLUG) {
    const bit = 1 << of;
    const due = kind === CONVERT ? machine.plugged & ~machine.shared : machine.shared & ~machine.plugged;
    const meets = refuser !== NONE && (due & bit) !== 0 && (machine.attached & (1 << refuser)) !== 0;
    const operation: Operation =
      kind === CONVERT
        ? { op: 'convert', page: firstPage + of, count: 1, to: (machine.shared & bit) === 0 ? 'shared' : 'private' }
        : { op: (machine.plugged & bit) === 0 ? 'plug' : 'unplug', device: 'm0', block: of, count: 1 };
    return meets ? [refusal(refuser, 1), operation] : [operation];
  }
  const container = `c${of}`;
  if ((machine.attached & (1 << of)) !== 0) return [{ op: 'detach', container }];
  const due = dueOf(machine);
  const attach: Operation = { op: 'attach', container };
  if (refusedPage === NONE || (due & (1 << refusedPage)) === 0) return [attach];
  return [refusal(of, romMaps(machine, refusedPage) + countPages(due & bitsOf(0, refusedPage)) + 1), attach];
}

/** An attach maps by address: the ROM after the lower half of boot RAM, before everything else. */
function romMaps({ hasSource, pageCount }: PageMachine, page: number): number {
  return hasSource || page >= Math.ceil(pageCount / 2) ? 1 : 0;
}

function refusal(container: number, k: number): Operation {
  return { op: 'refuse', container: `c${container}`, call: 'map', k, errno: 'ENOMEM', once: true };
}
