// SPDX-License-Identifier: MIT
/**
 * Conversions to shared with steps in the wrong order, left out, or undone wrongly. Right is: switch the side -> map at
 * every consumer -> remember -> free the private side; refused: unmap -> side back -> free what pinning filled.
 */
import { leaveOut, mutate, passOn } from '@sda-lab/conformance';
import { type ConversionRequest, discardOther, ERRNO, type Host, intersectSection, switchSide } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { converting, convertingTo } from '../converting.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';
import { rememberedSet } from '../remembered.ts';

/** Holds the switch to shared back until somebody asks for another step, or the conversion is over. */
const mapsBeforeSwitch = mutate(extendedRdm, () => {
  let held: (() => number) | undefined;
  const release = (): void => {
    held?.();
    held = undefined;
  };
  return {
    host: (host) => ({
      ...host,
      setAttributes: (gfns, side) => {
        release();
        if (side === 'private') return host.setAttributes(gfns, side);
        held = () => host.setAttributes(gfns, side);
        return 0;
      },
      convertInPlace: (range, side) => {
        release();
        if (side === 'private') return host.convertInPlace(range, side);
        held = () => host.convertInPlace(range, side);
        return 0;
      },
      discard: (range, side) => {
        release();
        return host.discard(range, side);
      },
    }),
    instance: (instance) => ({
      ...instance,
      convert: (request, to) => {
        const status = instance.convert(request, to);
        release();
        return status;
      },
    }),
  };
});

/** Set bits stay set after a refusal, and a page whose bit is set needs no map. */
const trustsItsBitmap = mutate(extendedRdm, () => {
  const believed = new Set<string>();
  return {
    memory: () => rememberedSet(believed),
    instance: (instance, host) => ({
      ...instance,
      convert: (request, to) => {
        const keys = pagesOf(request);
        if (to === 'shared' && keys.every((key) => believed.has(key))) {
          return switchSide(host, request, to) || discardOther(host, request.pages, to);
        }
        const status = instance.convert(request, to);
        for (const key of keys) {
          if (to === 'shared') believed.add(key);
          else believed.delete(key);
        }
        return status;
      },
    }),
  };
});

function pagesOf({ pages: { block, firstPage, endPage } }: ConversionRequest): string[] {
  return Array.from({ length: endPage - firstPage }, (_, at) => `${block.name} ${firstPage + at}`);
}

/** The side goes back, and what pinning filled is freed, before anybody unmaps: the first step undone first. */
const undoesForward = mutate(extendedRdm, () => {
  let sharing: ConversionRequest | undefined;
  let hostOfWorld: Host | undefined;
  return {
    host: (host) => {
      hostOfWorld = host;
      return host;
    },
    consumer: (consumer) =>
      passOn(consumer, {
        mapRun: (...run) => {
          const status = consumer.mapRun(...run);
          if (status === 0 || sharing === undefined) return status;
          switchSide(hostOfWorld!, sharing, 'private');
          discardOther(hostOfWorld!, sharing.pages, 'private');
          return status;
        },
      }),
    instance: (instance) => ({
      ...instance,
      convert: (request, to) => {
        sharing = to === 'shared' ? request : undefined;
        const status = instance.convert(request, to);
        sharing = undefined;
        return status;
      },
    }),
  };
});

/** A refused map run counts as wholly undone, while its first granules are mapped. */
const forgetsTheFailingOne = mutate(extendedRdm, () => ({ consumer: (consumer) => passOn(consumer, { done: 0 }) }));

/** After a refusal, everything of the request is unmapped: also what was shared before it. */
const undoesTheWholeRequest = mutate(extendedRdm, () => {
  let isSharing = false;
  let wasRefused = false;
  let requested: ConversionRequest | undefined;
  return {
    consumer: (consumer) =>
      passOn(consumer, {
        mapRun: (section, ...run) => {
          const status = consumer.mapRun(section, ...run);
          if (status === 0 || !isSharing || wasRefused) return status;
          wasRefused = true;
          const { firstPage, endPage } = intersectSection(section, requested!.pages.firstPage, requested!.pages.endPage)!;
          consumer.unmapRun(section, 'shared', firstPage, endPage - firstPage);
          return status;
        },
      }),
    instance: (instance) => ({
      ...instance,
      convert: (request, to) => {
        [isSharing, wasRefused, requested] = [to === 'shared', false, request];
        const status = instance.convert(request, to);
        isSharing = false;
        return status;
      },
    }),
  };
});

/** One consumer of several is told; the others hear of nothing. */
const tellsTheFirstOnly = mutate(notifierList, () => {
  let told: string | undefined;
  return {
    memory: () => ({
      save: () => told ?? '',
      restore: (text) => {
        told = text === '' ? undefined : text;
      },
    }),
    consumer: (consumer) =>
      passOn(consumer, {
        mapRun: (...run) => {
          told ??= consumer.name;
          return told === consumer.name ? consumer.mapRun(...run) : 0;
        },
        unmapRun: (...run) => (told === undefined || told === consumer.name ? consumer.unmapRun(...run) : 0),
      }),
  };
});

export const SHARING: readonly Mutant[] = [
  {
    id: 'maps-before-the-side-is-switched',
    breaks: 'legal-calls',
    what: 'to shared, devices are mapped first and the side is switched then',
    where: 'strategy',
    source: 'QEMU list, D. Hildenbrand on v5 (20250520102856.132417-1): in place, the attribute comes first to shared',
    carrier: extendedRdm,
    strategy: mapsBeforeSwitch,
    regimes: ['in-place'],
  },
  {
    id: 'frees-the-private-side-before-the-map',
    breaks: 'atomic',
    what: 'to shared, the private side is freed before devices are asked, so a refusal comes too late',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: convertingTo('shared', extendedRdm, (convert, host, request) => {
      discardOther(host, request.pages, 'shared');
      return convert(request, 'shared');
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'trusts-its-bitmap-on-a-retry',
    breaks: 'atomic',
    what: 'bits are set before the maps and stay after a refusal; a retry finds nothing to do',
    where: 'strategy',
    source: 'QEMU 10.2.2 system/ram-block-attributes.c, ram_block_attributes_state_change; series v3, 20250310081837.13123-1',
    carrier: extendedRdm,
    strategy: trustsItsBitmap,
  },
  {
    id: 'undoes-forward',
    breaks: 'order',
    what: 'a refused sharing is undone first step first: side back, frames freed, then unmapped',
    where: 'strategy',
    source: 'series v4 12/13, 20250407074939.18657-13: the rollback walks the list forward, its comment promises reverse',
    carrier: extendedRdm,
    strategy: undoesForward,
    regimes: ['two-backend'],
  },
  {
    id: 'no-rollback',
    breaks: 'atomic',
    what: 'consumers told before a refusal keep what they mapped',
    where: 'strategy',
    source: 'QEMU 10.1 system/ram-block-attributes.c as merged, ram_block_attributes_notify_to_populated',
    carrier: extendedRdm,
    strategy: leaveOut(extendedRdm, 'rollback'),
  },
  {
    id: 'rollback-without-the-failing-one',
    breaks: 'atomic',
    what: 'the refusing consumer is taken to have undone its own run, and keeps its first granules',
    where: 'strategy',
    source: 'QEMU 10.2.2 include/system/memory.h: a vetoing listener has undone its own part; not every listener does',
    carrier: extendedRdm,
    strategy: forgetsTheFailingOne,
  },
  {
    id: 'rolls-back-what-was-shared-before',
    breaks: 'complete',
    what: 'a refused mixed range is unmapped whole, pages that were shared before it included',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/listener.c: a refused run is undone by one unmap of all of it; right for fresh runs only',
    carrier: extendedRdm,
    strategy: undoesTheWholeRequest,
  },
  {
    id: 'keeps-the-side-after-a-refusal',
    breaks: 'atomic',
    what: 'a refused sharing leaves the attributes shared',
    where: 'strategy',
    source: 'QEMU 10.2.2 accel/kvm/kvm-all.c, kvm_convert_memory: a refusal after the attribute call undoes nothing',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'restore'),
  },
  {
    id: 'ignores-the-answer-of-the-map',
    breaks: 'complete',
    what: 'a refused map is not looked at; the guest is told success',
    where: 'strategy',
    source: 'RFC series 20240725072118.358923-1, patch 3: the result of the state change is ignored',
    carrier: notifierList,
    strategy: leaveOut(notifierList, 'map-veto'),
  },
  {
    id: 'refuses-for-good',
    breaks: 'progress',
    what: 'a request that was refused once is refused ever after',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: mutate(extendedRdm, () => {
      const refused = new Set<string>();
      return {
        memory: () => rememberedSet(refused),
        instance: (instance) => ({
          ...instance,
          convert: (request, to) => {
            const key = `${request.gfns.firstGfn} ${request.gfns.endGfn} ${to}`;
            if (refused.has(key)) return -ERRNO.EAGAIN;
            const status = instance.convert(request, to);
            if (status !== 0) refused.add(key);
            return status;
          },
        }),
      };
    }),
  },
  {
    id: 'aborts-on-a-refused-map',
    breaks: 'nonfatal',
    what: 'a map refused at run time ends the VMM',
    where: 'strategy',
    source: 'QEMU 10.2.2 hw/vfio/listener.c: a refused map of plain RAM at run time is a hw_error',
    carrier: notifierList,
    strategy: converting(notifierList, (convert, host) => (request, to) => {
      const status = convert(request, to);
      if (status !== 0) host.exit('vfio: DMA mapping failed, unable to continue');
      return status;
    }),
  },
  {
    id: 'keeps-the-private-side',
    breaks: 'bounded',
    what: 'the private side of a page that is shared now is not freed',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: mutate(notifierList, () => ({
      host: (host) => ({ ...host, discard: (range, side) => (side === 'private' ? 0 : host.discard(range, side)) }),
    })),
    regimes: ['two-backend'],
  },
  {
    id: 'frees-the-side-in-use',
    breaks: 'coherent',
    what: 'the side the guest goes to is freed, not the one it leaves',
    where: 'strategy',
    source: CAREFUL,
    carrier: extendedRdm,
    strategy: converting(extendedRdm, (convert, host) => (request, to) => {
      const status = convert(request, to);
      if (status === 0) host.discard(request.pages, to);
      return status;
    }),
    regimes: ['two-backend'],
  },
  {
    id: 'tells-one-consumer-only',
    breaks: 'complete',
    what: 'with several devices, only the first one that was told ever hears of conversions',
    where: 'strategy',
    source: CAREFUL,
    carrier: notifierList,
    strategy: tellsTheFirstOnly,
  },
  {
    id: 'swallows-eagain',
    breaks: 'atomic',
    what: 'a refusal that was undone is answered with success',
    where: 'strategy',
    source: 'KVM series by S. Shahar, V. Annapurve, v4 March 2026: MAPGPA may answer EAGAIN; QEMU never returned an error there',
    carrier: extendedRdm,
    strategy: converting(extendedRdm, (convert) => (request, to) => {
      const status = convert(request, to);
      return status === -ERRNO.EAGAIN ? 0 : status;
    }),
  },
  {
    id: 'reports-a-part-as-the-whole',
    breaks: 'atomic',
    what: 'a request is cut in pieces, and one that was refused does not stop the success of the whole',
    where: 'strategy',
    source: 'KVM TDX cuts MapGPA into exits of at most 2 MiB; whoever loops must hand on the first refusal',
    carrier: notifierList,
    strategy: converting(notifierList, (convert) => (request, to) => {
      const { pages, gfns } = request;
      let status = 0;
      for (let at = 0; at < pages.endPage - pages.firstPage; at += 1) {
        const firstPage = pages.firstPage + at;
        const firstGfn = gfns.firstGfn + at;
        const piece = { block: pages.block, firstPage, endPage: firstPage + 1 };
        // Meant was to stop here; the last piece's answer is what is left.
        status = convert({ pages: piece, gfns: { firstGfn, endGfn: firstGfn + 1 } }, to);
      }
      return status;
    }),
  },
];
