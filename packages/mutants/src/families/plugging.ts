// SPDX-License-Identifier: MIT
/** Blocks that virtio-mem plugs and unplugs, as a design follows them: mapped = plugged AND shared. */
import { leaveOut, mutate, passOn, withPlug } from '@sda-lab/conformance';
import type { Instance, PlugEvents, Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedSet } from '../remembered.ts';

function plugging(carrier: Strategy, wrong: (plug: PlugEvents, instance: Instance) => Partial<PlugEvents>): Strategy {
  return mutate(carrier, () => ({ instance: (instance) => withPlug(instance, wrong(instance.plug, instance)) }));
}

/** While the named question is answered, only those unmap runs are passed on that `keeps` names. */
function unplugging(
  carrier: Strategy,
  question: 'willUnplug' | 'willUnplugAll',
  keeps: (run: { readonly isFirstOfConsumer: boolean; readonly isFirstConsumer: boolean }) => boolean,
): Strategy {
  return mutate(carrier, () => {
    let asked: string[] | undefined;
    return {
      consumer: (consumer) =>
        passOn(consumer, {
          unmapRun: (...run) => {
            if (asked === undefined) return consumer.unmapRun(...run);
            const isFirstOfConsumer = !asked.includes(consumer.name);
            asked.push(consumer.name);
            return keeps({ isFirstOfConsumer, isFirstConsumer: asked[0] === consumer.name }) ? consumer.unmapRun(...run) : 0;
          },
        }),
      instance: (instance) =>
        withPlug(instance, {
          [question]: (...change: Parameters<PlugEvents['willUnplug']>) => {
            asked = [];
            const status = instance.plug[question](...change);
            asked = undefined;
            return status;
          },
        }),
    };
  });
}

export const PLUGGING: readonly Mutant[] = [
  {
    id: 'plug-ignores-the-shared-bitmap',
    breaks: 'coexist',
    what: 'a plugged block is mapped whole, private pages too',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c tells listeners the whole range; the stock manager knows no sides',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'shared-query'),
  },
  {
    id: 'conversion-ignores-plugged',
    breaks: 'coexist',
    what: 'a page shared in an unplugged block is mapped',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/ram-block-attributes.c knows no plugging; a second manager is refused with -EBUSY for it',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'plugged-query'),
  },
  {
    id: 'takes-a-source-and-does-not-ask-it',
    breaks: 'coexist',
    what: 'a plug source is accepted, and all of the block counts as plugged',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'plug-plane'),
  },
  {
    id: 'plug-maps-nothing',
    breaks: 'coexist',
    what: 'a plugged block is left to later conversions; what is shared in it already stays unmapped',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: boot memory is private when it comes, a replugged block need not be',
    carrier: extendedRdm,
    strategy: plugging(extendedRdm, () => ({ willPlug: () => 0 })),
  },
  {
    id: 'replug-starts-private',
    breaks: 'coexist',
    what: 'an unplugged block is taken to come back private; attributes and guest think otherwise',
    where: 'strategy',
    source: 'QEMU 11.1 (merge 9d526ed81d): unplug resets neither bitmap nor attributes, a replugged block resumes its pattern',
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      const seen = new Set<string>();
      return {
        memory: () => rememberedSet(seen),
        instance: (instance) =>
          withPlug(instance, {
            willPlug: (source, range) =>
              seen.has(`${source.name} ${range.firstPage}`) ? 0 : instance.plug.willPlug(source, range),
            unplugged: (source, range) => {
              seen.add(`${source.name} ${range.firstPage}`);
              instance.plug.unplugged(source, range);
            },
          }),
      };
    }),
  },
  {
    id: 'plug-swallows-a-refusal',
    breaks: 'coexist',
    what: 'a plug whose map was refused goes on',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: plugging(extendedRdm, (plug) => ({
      willPlug: (source, range) => {
        plug.willPlug(source, range);
        return 0;
      },
    })),
  },
  {
    id: 'unplug-asks-too-late',
    breaks: 'coexist',
    what: 'devices are told of an unplug when the RAM is gone, and cannot refuse',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, virtio_mem_set_block_state: discard, then notify',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'unplug-veto'),
  },
  {
    id: 'unplug-under-a-server',
    breaks: 'no-use-after-discard',
    what: 'the same where nothing is pinned: the server brings freed pages of the block back',
    where: 'strategy',
    source: 'QEMU 11.1.3 run with vfio-user servers (dev-unmap-refused)',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'unplug-veto'),
    backends: ['vfio-user'],
  },
  {
    id: 'unplug-unmaps-the-first-run',
    breaks: 'coexist',
    what: 'the walk over what is mapped in an unplugged block ends after its first run',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: unplugging(notifierList, 'willUnplug', ({ isFirstOfConsumer }) => isFirstOfConsumer),
  },
  {
    id: 'unplug-all-skips-the-second-container',
    breaks: 'coexist',
    what: 'unplug-all is told to one of several devices',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: unplugging(extendedRdm, 'willUnplugAll', ({ isFirstConsumer }) => isFirstConsumer),
  },
  {
    id: 'unplug-all-is-not-asked',
    breaks: 'coexist',
    what: 'unplug is followed, unplug-all is forgotten',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: unplug-all has a notification path of its own',
    carrier: extendedRdm,
    strategy: plugging(extendedRdm, () => ({ willUnplugAll: () => 0 })),
  },
  {
    id: 'asks-the-source-with-a-truncated-count',
    breaks: 'coexist',
    what: 'whether a part of a block is plugged is asked for size / block size blocks: none for a part, and none is all',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/ram-block-attributes.c, is_populated: truncating division; virtio-mem rounds outward',
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      source: (source) => ({
        name: source.name,
        granulePages: source.granulePages,
        isPlugged: (firstPage, endPage) => {
          const first = Math.floor(firstPage / source.granulePages) * source.granulePages;
          const end = first + Math.floor((endPage - firstPage) / source.granulePages) * source.granulePages;
          return end === first || source.isPlugged(first, end);
        },
      }),
    })),
  },
  {
    id: 'caches-the-plugged-state',
    breaks: 'coexist',
    what: 'the source is asked once per block, and its first answer kept',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      const known = new Set<string>();
      return {
        memory: () => rememberedSet(known),
        source: (source) => {
          const { name, granulePages } = source;
          const isPlugged = (firstPage: number, endPage: number): boolean => {
            const question = `${name} ${firstPage}`;
            const isKnown = known.has(`${question} true`) || known.has(`${question} false`);
            const answer = isKnown ? known.has(`${question} true`) : source.isPlugged(firstPage, endPage);
            known.add(`${question} ${answer}`);
            return answer;
          };
          return { name, granulePages, isPlugged };
        },
      };
    }),
  },
];
