// SPDX-License-Identifier: MIT
/** Every workload, in the order of the report. */
import type { Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm, ramBlockAttributes } from '@sda-lab/rdm-manager';
import { bootShared, hotplugReplay, steadyMix, swiotlbAttachedAfter, swiotlbAttachedBefore, virtioMemAttach } from './shapes.ts';
import type { Budget, Workload } from './workload.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

const DESIGNS: readonly Strategy[] = [extendedRdm, notifierList];
const UPSTREAM: readonly Strategy[] = [ramBlockAttributes, multiSourceRdm];
const BACKENDS = ['type1v2', 'iommufd'] as const;

const GUEST_16G = { full: 16 * GIB, small: 32 * MIB };
const GUEST_1T = { full: TIB, small: 64 * MIB };
/** The device and what lies below it. */
const GUEST_1T_VMEM = { full: 65_537 * 4096 * 4096, small: 20 * MIB };

/** Four times the time without the judge. */
const BOOT_16G: Budget = { seconds: 2.5, bytes: 700 * MIB };
const BOOT_16G_JUDGED: Budget = { seconds: 10, bytes: null };
const BOOT_1T: Budget = { seconds: 10, bytes: GIB };

type Shape = Pick<Workload, 'what' | 'storage' | 'guestBytes' | 'run'> & Partial<Pick<Workload, 'budget' | 'judge'>>;
type Place = Pick<Workload, 'strategy' | 'backend'>;

const placesOf = (strategies: readonly Strategy[], backends: readonly Workload['backend'][]): Place[] =>
  strategies.flatMap((strategy) => backends.map((backend) => ({ strategy, backend })));

function at(name: string, places: readonly Place[], { budget = null, judge = false, ...shape }: Shape): Workload[] {
  return places.map(({ strategy, backend }) => ({
    ...shape,
    id: `${name}/${strategy.id}/${backend}${judge ? '/judged' : ''}`,
    strategy,
    backend,
    judge,
    budget,
  }));
}

const everywhere = placesOf(DESIGNS, BACKENDS);
const upstream = placesOf(UPSTREAM, ['type1v2']);
const typed = placesOf([...DESIGNS, ...UPSTREAM], ['type1v2']);

const boot16 = {
  what: 'boot of a 16 GiB guest, device attached, all shared in requests of 2 MiB at granules of 4 KiB',
  storage: 'exact',
  guestBytes: GUEST_16G,
  run: bootShared,
} as const;
const before = { what: 'swiotlb boot (1 GiB and 1000 pages), device attached first', run: swiotlbAttachedBefore } as const;
const after = { what: 'swiotlb boot (1 GiB and 1000 pages), device attached last', run: swiotlbAttachedAfter } as const;
const at16 = { storage: 'exact', guestBytes: GUEST_16G } as const;
const at1T = { storage: 'run-length', guestBytes: GUEST_1T } as const;

export const WORKLOADS: readonly Workload[] = [
  ...at('boot-16g', everywhere, { ...boot16, budget: BOOT_16G }),
  ...at('boot-16g', everywhere, { ...boot16, judge: true, budget: BOOT_16G_JUDGED }),
  ...at('boot-16g', upstream, boot16),
  ...at('boot-1t', everywhere, {
    ...at1T,
    what: 'boot of a 1 TiB guest, device attached, all shared in requests of 2 MiB at granules of 4 KiB',
    run: bootShared,
    budget: BOOT_1T,
  }),
  ...at('swiotlb-16g-attached-first', typed, { ...before, ...at16 }),
  ...at('swiotlb-16g-attached-last', typed, { ...after, ...at16 }),
  ...at('swiotlb-1t-attached-first', typed, { ...before, ...at1T }),
  ...at('swiotlb-1t-attached-last', typed, { ...after, ...at1T }),
  ...at('hotplug-replay-1t', typed, { ...at1T, what: 'attach to a 1 TiB guest with 1000 scattered shared runs; the attach alone', run: hotplugReplay }),
  ...at('steady-mix-16g', typed, { ...at16, what: '1,000,000 conversions of 4 KiB to 2 MiB, both ways, device attached', run: steadyMix }),
  ...at('virtio-mem-1t', placesOf([...DESIGNS, multiSourceRdm], ['type1v2']), {
    storage: 'run-length',
    guestBytes: GUEST_1T_VMEM,
    what: 'attach to a 1 TiB virtio-mem with every second block plugged and a shared run in each; the attach alone',
    run: virtioMemAttach,
  }),
];
