// SPDX-License-Identifier: MIT
/** Devices that come late and go: replay, refusal of the replay, teardown. */
import { leaveOut, mutate, passOn } from '@sda-lab/conformance';
import type { Consumer, Instance, Section, Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { type Follower, followerNamed, nameOf } from '../follower.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedMap, rememberedSet } from '../remembered.ts';

type Subscribe = Instance['subscribe'];

/** A replay in which the consumer's map runs are passed on only where `keeps` says so; it is asked before the replay. */
function replaying(carrier: Strategy, keeps: (instance: Instance, section: Section) => (at: number) => boolean): Strategy {
  return mutate(carrier, () => {
    let judge: (() => boolean) | undefined;
    return {
      consumer: (consumer) =>
        passOn(consumer, {
          mapRun: (section, side, firstPage, ...rest) =>
            judge === undefined || judge() ? consumer.mapRun(section, side, firstPage, ...rest) : 0,
        }),
      instance: (instance) => ({
        ...instance,
        subscribe: (consumer, section) => {
          let at = 0;
          const isKept = keeps(instance, section);
          judge = () => isKept(at++);
          const status = instance.subscribe(consumer, section);
          judge = undefined;
          return status;
        },
      }),
    };
  });
}

function subscribing(carrier: Strategy, wrap: (subscribe: Subscribe, instance: Instance) => Subscribe): Strategy {
  return mutate(carrier, () => ({
    instance: (instance) => ({ ...instance, subscribe: wrap((...follower) => instance.subscribe(...follower), instance) }),
  }));
}

/** Whether the block's first shared run lies wholly before the section. */
function startsBefore(instance: Instance, { block, firstPage }: Section): boolean {
  let firstEnd = block.pageCount;
  instance.runs(block, 'dma', 0, block.pageCount, (_first, end) => {
    firstEnd = end;
    return 1;
  });
  return firstEnd <= firstPage;
}

function mapsDueRuns(instance: Instance, consumer: Consumer, section: Section): void {
  const { block, firstPage, pageCount } = section;
  instance.runs(block, 'dma', firstPage, firstPage + pageCount, (first, end) =>
    consumer.mapRun(section, 'shared', first, end - first, 1),
  );
}

export const HOTPLUG: readonly Mutant[] = [
  {
    id: 'replays-nothing',
    breaks: 'hotplug',
    what: 'a device that comes late hears of later conversions only',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, "Open", first way: hotplug must learn what is shared already',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'replay'),
  },
  {
    id: 'replays-from-a-wrong-block',
    breaks: 'hotplug',
    what: 'the section offset is divided by the wrong size; the replay begins before the section, and ends at a run outside',
    where: 'strategy',
    source: 'QEMU commit b11cf32e07, hw/virtio/virtio-mem.c: offset divided by bitmap_size',
    carrier: extendedRdm,
    strategy: replaying(extendedRdm, (instance, section) => {
      const isLost = startsBefore(instance, section);
      return () => !isLost;
    }),
  },
  {
    id: 'replays-the-first-run-only',
    breaks: 'hotplug',
    what: 'the replay of a section ends after its first run',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: replaying(notifierList, () => (at) => at === 0),
  },
  {
    id: 'replays-one-section',
    breaks: 'hotplug',
    what: 'a block seen through two aliases is replayed through the first only',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: replaying(extendedRdm, (_instance, section) => () => section.firstPage === 0),
  },
  {
    id: 'replays-private-pages',
    breaks: 'bounded',
    what: 'the replay maps the whole section, private pages too',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: subscribing(notifierList, (subscribe) => (consumer, section) => {
      const status = subscribe(consumer, section);
      for (let page = section.firstPage; page < section.firstPage + section.pageCount; page += 1) {
        consumer.mapRun(section, 'shared', page, 1, 1);
      }
      return status;
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'maps-twice-on-hotplug',
    breaks: 'legal-calls',
    what: 'the replay and the announcement of the new listener both map',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c sets its bitmap last so that a listener added meanwhile is not told twice',
    carrier: extendedRdm,
    strategy: subscribing(extendedRdm, (subscribe, instance) => (consumer, section) => {
      const status = subscribe(consumer, section);
      if (status === 0) mapsDueRuns(instance, consumer, section);
      return status;
    }),
  },
  {
    id: 'swallows-a-refused-replay',
    breaks: 'hotplug',
    what: 'a replay that was refused is printed; the device is there without its mappings',
    where: 'strategy',
    source: 'QEMU 11.1.3 run (hotplug with a refused map): register_listener returns nothing; 10.2.2 virtio-mem alike',
    carrier: extendedRdm,
    strategy: subscribing(extendedRdm, (subscribe) => (...follower) => {
      subscribe(...follower);
      return 0;
    }),
  },
  {
    id: 'exits-on-a-refused-replay',
    breaks: 'nonfatal',
    what: 'a replay that was refused ends the VMM',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/ram-block-attributes.c, register_listener: exit(1)',
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      instance: (instance, host) => ({
        ...instance,
        subscribe: (...follower) => {
          const status = instance.subscribe(...follower);
          if (status !== 0) host.exit('failed to register the RAM discard listener');
          return status;
        },
      }),
    })),
  },
  {
    id: 'keeps-following-after-a-refused-attach',
    breaks: 'hotplug',
    what: 'a listener whose replay was refused stays on the list and is told of later conversions',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, register_listener: inserted first, not removed on a failure',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => {
      const refused = new Map<string, Follower>();
      return {
        memory: (cast) => rememberedMap(refused, (name) => followerNamed(cast, name)),
        instance: (instance) => ({
          ...instance,
          subscribe: (...follower) => {
            const status = instance.subscribe(...follower);
            if (status !== 0) refused.set(nameOf(follower), follower);
            return status;
          },
          convert: (request, to) => {
            const status = instance.convert(request, to);
            if (status !== 0 || to === 'private') return status;
            for (const [consumer, section] of refused.values()) mapsDueRuns(instance, consumer, section);
            return 0;
          },
        }),
      };
    }),
  },
  {
    id: 'leaves-mappings-at-detach',
    breaks: 'hotplug',
    what: 'a device that goes keeps its mappings',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, "Open", first way: a plain list tells nobody who goes',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'teardown'),
  },
  {
    id: 'detach-leaves-the-second-section',
    breaks: 'hotplug',
    what: 'a device that goes leaves the first section of a block, and stays in the second',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({
      instance: (instance) => ({
        ...instance,
        unsubscribe: (consumer, section) => {
          if (section.firstPage === 0) instance.unsubscribe(consumer, section);
        },
      }),
    })),
  },
  {
    id: 'gives-a-tdisp-device-shared-pages-only',
    breaks: 'complete',
    what: 'a device that the guest trusts with its private pages is served like any other',
    where: 'strategy',
    source: 'QEMU list, K. Tian, 26 July 2024: whether VFIO maps private memory is a question of the TIO architecture',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => ({ consumer: (consumer) => passOn(consumer, { sides: 'shared' }) })),
    backends: ['iommufd'],
  },
  {
    id: 'leaves-a-tdisp-device-on-its-first-side',
    breaks: 'isolated',
    what: 'a TDISP device is mapped once, on the side a page has then, and follows no conversion',
    where: 'strategy',
    source: 'SEV-TIO series v2, 20250218111017.491719-1: map the whole guest once; right only where one frame has both sides',
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      const known = new Set<string>();
      return {
        memory: () => rememberedSet(known),
        consumer: (consumer) => {
          if (consumer.sides !== 'both') return consumer;
          return passOn(consumer, {
            mapRun: (section, side, firstPage, pageCount) => {
              for (let page = firstPage; page < firstPage + pageCount; page += 1) {
                const key = `${consumer.name} ${section.name} ${page}`;
                const status = known.has(key) ? 0 : consumer.mapRun(section, side, page, 1, 1);
                if (status !== 0) return status;
                known.add(key);
              }
              return 0;
            },
            unmapRun: () => 0,
          });
        },
      };
    }),
    backends: ['iommufd'],
    regimes: ['two-backend'],
  },
];
