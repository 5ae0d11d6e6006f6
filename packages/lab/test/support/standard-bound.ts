// SPDX-License-Identifier: MIT
// What searches of worlds count, as numbers: a change of one is a change of meaning. docs/search.md shows them.
export interface Counted {
  readonly id: string;
  /** Pages; blocks of the virtio-mem device are one fewer. Everything else is the standard bound. */
  readonly pages: 2 | 3;
  readonly regime: 'two-backend' | 'in-place';
  readonly races: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Transitions from the start to the last state met. */
  readonly depth: number;
  /** `invariant` (live) or `invariant (latent)`, with the transitions of its shortest counterexample. */
  readonly broken: Readonly<Record<string, number>>;
  /** Too long for every test run; searched with SDA_LAB_LONG=1 (minutes), or with SDA_LAB_LONG=all (most of an hour). */
  readonly isLong?: true | 'hour';
}

export const COUNTED: readonly Counted[] = [
  { id: 'extended-rdm', pages: 3, regime: 'two-backend', races: false, states: 2_698, transitions: 91_201, depth: 8, broken: {} },
  { id: 'notifier-list', pages: 3, regime: 'two-backend', races: false, states: 2_698, transitions: 91_189, depth: 8, broken: {} },
  { id: 'extended-rdm', pages: 3, regime: 'in-place', races: false, states: 2_698, transitions: 91_201, depth: 8, broken: {} },
  { id: 'notifier-list', pages: 3, regime: 'in-place', races: false, states: 2_698, transitions: 91_189, depth: 8, broken: {} },
  { id: 'uncoordinated', pages: 3, regime: 'two-backend', races: false, states: 5_975, transitions: 137_425, depth: 11,
    broken: { coherent: 3, bounded: 1, order: 2 } },
  { id: 'uncoordinated', pages: 3, regime: 'in-place', races: false, states: 83, transitions: 1_849, depth: 4,
    broken: { 'legal-calls': 1 } },
  { id: 'blocked', pages: 3, regime: 'two-backend', races: false, states: 64, transitions: 1_088, depth: 5, broken: {} },
  { id: 'keep-shared', pages: 3, regime: 'two-backend', races: false, states: 351, transitions: 8_073, depth: 7,
    broken: { bounded: 1 } },
  { id: 'keep-shared-as-posted', pages: 3, regime: 'two-backend', races: false, states: 6_047, transitions: 139_081, depth: 11,
    broken: { coherent: 3, bounded: 1, order: 2 } },
  { id: 'extended-rdm', pages: 2, regime: 'two-backend', races: true, states: 422, transitions: 85_531, depth: 7, broken: {} },
  { id: 'notifier-list', pages: 2, regime: 'two-backend', races: true, states: 422, transitions: 85_531, depth: 7, broken: {} },
  { id: 'dma-mapping-tracker', pages: 3, regime: 'two-backend', races: false, states: 36_780, transitions: 1_384_058, depth: 14, isLong: true,
    broken: { 'complete (latent)': 2, 'bounded (latent)': 3, 'atomic (latent)': 2, hotplug: 2, 'hotplug (latent)': 3, 'legal-calls (latent)': 3 } },
  { id: 'ram-block-attributes', pages: 3, regime: 'two-backend', races: false, states: 68_832, transitions: 2_589_506, depth: 16, isLong: true,
    broken: { 'coherent (latent)': 4, 'complete (latent)': 2, bounded: 3, 'bounded (latent)': 3, 'atomic (latent)': 2, order: 3, 'order (latent)': 3, 'consumers-see': 1, 'consumers-see (latent)': 2, hotplug: 4, 'hotplug (latent)': 3, 'legal-calls': 4, 'legal-calls (latent)': 3, nonfatal: 2, 'nonfatal (latent)': 3 } },
  { id: 'rdm-private-as-discarded', pages: 3, regime: 'two-backend', races: false, states: 42_908, transitions: 1_765_084, depth: 18, isLong: true,
    broken: { coherent: 4, complete: 2, bounded: 3, atomic: 2, order: 3, 'consumers-see': 1, 'consumers-see (latent)': 2, hotplug: 2, 'legal-calls': 3 } },
  { id: 'extended-rdm-as-posted', pages: 3, regime: 'two-backend', races: false, states: 42_908, transitions: 1_765_084, depth: 18, isLong: true,
    broken: { coherent: 4, complete: 2, bounded: 3, atomic: 2, order: 3, 'consumers-see': 1, 'consumers-see (latent)': 2, hotplug: 2, 'legal-calls': 3 } },
  { id: 'multi-source-rdm', pages: 3, regime: 'two-backend', races: false, states: 3_163_172, transitions: 151_275_636, depth: 23, isLong: 'hour',
    broken: { coherent: 7, 'coherent (latent)': 5, complete: 2, 'complete (latent)': 2, bounded: 3, 'bounded (latent)': 4, atomic: 5, 'atomic (latent)': 2, progress: 5, 'progress (latent)': 5, order: 3, 'order (latent)': 4, 'consumers-see': 1, 'consumers-see (latent)': 2, coexist: 3, 'coexist (latent)': 3, hotplug: 2, 'hotplug (latent)': 3, 'legal-calls': 2, 'legal-calls (latent)': 3, nonfatal: 3, 'nonfatal (latent)': 4 } },
  { id: 'multi-source-rdm', pages: 2, regime: 'two-backend', races: false, states: 41_852, transitions: 1_099_890, depth: 17, isLong: true,
    broken: { coherent: 7, 'coherent (latent)': 5, complete: 2, 'complete (latent)': 2, bounded: 3, 'bounded (latent)': 4, atomic: 5, 'atomic (latent)': 2, order: 3, 'order (latent)': 4, 'consumers-see': 1, 'consumers-see (latent)': 2, coexist: 3, 'coexist (latent)': 3, hotplug: 2, 'hotplug (latent)': 3, 'legal-calls': 2, 'legal-calls (latent)': 3, nonfatal: 3, 'nonfatal (latent)': 4 } },
  { id: 'extended-rdm', pages: 3, regime: 'two-backend', races: true, states: 2_698, transitions: 1_417_738, depth: 8, isLong: true, broken: {} },
  { id: 'notifier-list', pages: 3, regime: 'two-backend', races: true, states: 2_698, transitions: 1_417_618, depth: 8, isLong: true, broken: {} },
];
