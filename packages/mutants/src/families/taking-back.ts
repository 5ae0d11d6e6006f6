// SPDX-License-Identifier: MIT
/**
 * Conversions to private with steps in the wrong order, left out, or done to too little. Right is: unmap at every
 * consumer -> switch the side -> forget -> free the shared side.
 */
import { leaveOut, mutate, passOn } from '@sda-lab/conformance';
import { discardOther, switchSide } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { convertingTo } from '../converting.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedSet } from '../remembered.ts';

export const TAKING_BACK: readonly Mutant[] = [
  {
    id: 'frees-before-the-unmap',
    breaks: 'order',
    what: 'to private, the shared side is freed while devices still map it',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, "Problem": step 3 of the six',
    carrier: extendedRdm,
    strategy: convertingTo('private', extendedRdm, (convert, host, request) => {
      discardOther(host, request.pages, 'private');
      return convert(request, 'private');
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'frees-under-a-server',
    breaks: 'no-use-after-discard',
    what: 'the same where nothing is pinned: an access of the server brings the freed page back',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio-user: the server maps the file of guest RAM itself',
    carrier: extendedRdm,
    strategy: convertingTo('private', extendedRdm, (convert, host, request) => {
      discardOther(host, request.pages, 'private');
      return convert(request, 'private');
    }),
    backends: ['vfio-user'],
    regimes: ['two-backend'],
  },
  {
    id: 'unmaps-last',
    breaks: 'order',
    what: 'devices hear of it when everything is done',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c tells listeners after the discard; a conversion cannot',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'unmap-first'),
    regimes: ['two-backend'],
  },
  {
    id: 'turns-private-while-pinned',
    breaks: 'progress',
    what: 'in place, the frame is turned private before it is unmapped, which its pin refuses for ever',
    where: 'strategy',
    source: 'guest_memfd in-place conversion v8, 20260618-gmem-inplace-conversion-v8-0-9d2959357853: EAGAIN while pinned',
    carrier: extendedRdm,
    strategy: convertingTo('private', extendedRdm, (convert, host, request) => {
      const switched = switchSide(host, request, 'private');
      return switched === 0 ? convert(request, 'private') : switched;
    }),
    regimes: ['in-place'],
  },
  {
    id: 'turns-private-under-a-server',
    breaks: 'order',
    what: 'the same where nothing is pinned: the page turns private under the mapping',
    where: 'strategy',
    source: 'guest_memfd in-place conversion v8: only references refuse, and a vfio-user server holds none',
    carrier: extendedRdm,
    strategy: convertingTo('private', extendedRdm, (convert, host, request) => {
      const switched = switchSide(host, request, 'private');
      return switched === 0 ? convert(request, 'private') : switched;
    }),
    backends: ['vfio-user'],
    regimes: ['in-place'],
  },
  {
    id: 'switches-the-side-before-asking',
    breaks: 'atomic',
    what: 'to private, the attributes are set first; a refused unmap is undone, the attributes are not',
    where: 'strategy',
    source: 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_convert_memory: attributes first in both directions',
    carrier: notifierList,
    strategy: convertingTo('private', notifierList, (convert, host, request) => {
      switchSide(host, request, 'private');
      return convert(request, 'private');
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'only-prints-a-refused-unmap',
    breaks: 'coherent',
    what: 'an unmap error is printed, and the page freed under the mapping that stayed',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/listener.c, vfio_ram_discard_notify_discard',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'unmap-veto'),
  },
  {
    id: 'leaves-the-last-page-mapped',
    breaks: 'bounded',
    what: 'a run to unmap ends one page early',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      consumer: (consumer) =>
        passOn(consumer, {
          unmapRun: (section, side, firstPage, pageCount) =>
            pageCount === 1 ? 0 : consumer.unmapRun(section, side, firstPage, pageCount - 1),
        }),
    })),
  },
  {
    id: 'never-unmaps',
    breaks: 'coherent',
    what: 'mappings are made once and kept: a page that comes back leads to its old frame',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, "Problem": the six steps',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => {
      const known = new Set<string>();
      return {
        memory: () => rememberedSet(known),
        consumer: (consumer) =>
          passOn(consumer, {
            mapRun: (section, side, firstPage, pageCount, granulePages) => {
              const key = `${consumer.name} ${section.name} ${firstPage} ${pageCount}`;
              if (known.has(key)) return 0;
              known.add(key);
              return consumer.mapRun(section, side, firstPage, pageCount, granulePages);
            },
            unmapRun: () => 0,
          }),
      };
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'does-not-map-again-after-a-refused-unmap',
    breaks: 'atomic',
    what: 'devices that had unmapped before another one refused stay without the pages',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => {
      let isTakingBack = false;
      return {
        consumer: (consumer) =>
          passOn(consumer, { mapRun: (...run) => (isTakingBack ? 0 : consumer.mapRun(...run)) }),
        instance: (instance) => ({
          ...instance,
          convert: (request, to) => {
            isTakingBack = to === 'private';
            const status = instance.convert(request, to);
            isTakingBack = false;
            return status;
          },
        }),
      };
    }),
  },
  {
    id: 'keeps-the-shared-side',
    breaks: 'bounded',
    what: 'to private, the shared side is not freed, and the page held twice',
    where: 'strategy',
    source: 'SNP v3 patch 19/49, 20240320083945.991426-20, its message: keep the pages while discarding is disabled',
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => {
      let isTakingBack = false;
      return {
        host: (host) => ({
          ...host,
          discard: (range, side) => (isTakingBack && side === 'shared' ? 0 : host.discard(range, side)),
        }),
        instance: (instance) => ({
          ...instance,
          convert: (request, to) => {
            isTakingBack = to === 'private';
            const status = instance.convert(request, to);
            isTakingBack = false;
            return status;
          },
        }),
      };
    }),
    regimes: ['two-backend'],
  },
];
