// SPDX-License-Identifier: MIT
/** What the per-page model asks after every operation, and the situations in which that could fail. */
import type { Invariant } from '../../judge/invariant.ts';
import type { Property } from '../search-model.ts';
import { countPages } from './page-bits.ts';
import type { PageMachine } from './page-machine.ts';

/** Bits of `violated` and, by the same name, of `witnessed`. */
export const COMPLETE: number = 1 << 0;
export const BOUNDED: number = 1 << 1;
export const ATOMIC: number = 1 << 2;
export const PROGRESS: number = 1 << 3;
export const HOTPLUG: number = 1 << 4;
export const LEGAL_CALLS: number = 1 << 5;
export const NONFATAL: number = 1 << 6;

const ASKED = ['complete', 'bounded', 'atomic', 'progress', 'hotplug', 'legal-calls', 'nonfatal'] as const satisfies Invariant[];

export const PAGE_PROPERTIES: readonly Property[] = ASKED.map((invariant) => ({ invariant, reach: 'live' }));

/** Due to devices: shared and plugged. */
export function dueOf({ shared, plugged }: PageMachine): number {
  return shared & plugged;
}

/** What is wrong with the mappings, as a mask. */
export function wrongMappings(machine: PageMachine): number {
  const due = dueOf(machine);
  const { containers, attached } = machine;
  return wrongIn(containers[0].mapped, due, (attached & 1) !== 0) | wrongIn(containers[1].mapped, due, (attached & 2) !== 0);
}

function wrongIn(mapped: number, due: number, isAttached: boolean): number {
  const wanted = isAttached ? due : 0;
  if (mapped === wanted) return 0;
  const missing = (wanted & ~mapped) === 0 ? 0 : COMPLETE;
  const tooMany = (mapped & ~wanted) === 0 ? 0 : isAttached ? BOUNDED : HOTPLUG;
  return missing | tooMany;
}

/** Let, Then, However. */
export function explainPages(machine: PageMachine, property: number): string {
  const due = dueOf(machine);
  const lines = machine.containers.map(({ name, mapped }, at) => {
    const isAttached = (machine.attached & (1 << at)) !== 0;
    return `${name} is ${isAttached ? 'attached' : 'not attached'} and has ${pagesText(mapped)} mapped`;
  });
  const state = `Let ${pagesText(machine.shared)} be shared and ${pagesText(machine.plugged)} plugged; ${lines.join('; ')}.`;
  return `${state} Then ${pagesText(due)} must be mapped in attached containers, and nothing else. However, ${HOWEVER[ASKED[property]!]}.`;
}

const HOWEVER: Readonly<Record<(typeof ASKED)[number], string>> = {
  complete: 'a page that is due is not mapped',
  bounded: 'a page that is not due is mapped',
  atomic: 'the operation was refused and left a change behind',
  progress: 'the operation was refused although no map was',
  hotplug: 'a container has mappings although no device is attached',
  'legal-calls': 'a page was mapped that was mapped already',
  nonfatal: 'the VMM gave up',
};

function pagesText(bits: number): string {
  if (bits === 0) return 'no page';
  const pages = Array.from({ length: 31 }, (_, page) => page).filter((page) => (bits & (1 << page)) !== 0);
  return `${countPages(bits) === 1 ? 'page' : 'pages'} ${pages.join(', ')}`;
}
