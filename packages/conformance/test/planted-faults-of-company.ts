// SPDX-License-Identifier: MIT
import { OVER, type PlantedFault } from './planted-fault.ts';
import * as mapping from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import * as state from './strategies/state-faults.ts';
import * as sabotage from './support/sabotage.ts';

/** About those beside conversions: consumers-see, coexist, hotplug, coordinated. */
export const COMPANY: readonly PlantedFault[] = [
  {
    name: 'a dump that drops private pages misses them',
    strategy: state.dropsPrivate,
    line: 'convert(0+1,shared); dump',
    caughtBy: 'consumers/dump-of-a-private-guest',
    falls: 'consumers-see',
    at: 1,
    evidence: { reason: 'page-not-seen', position: 1, detail: 'dump' },
    words:
      'Let operation 2, dump, be done. Then dump must see page 1, which is plugged. ' +
      'However, it was left out as if it were not there.',
    also: [],
  },
  {
    name: 'a dump that takes private pages for plain RAM sees them wrongly',
    strategy: state.callsAllShared,
    line: 'convert(0+1,shared); dump',
    caughtBy: 'consumers/dump-sees-private',
    falls: 'consumers-see',
    at: 1,
    evidence: { reason: 'page-seen-wrongly', position: 1, shownSide: 'shared', detail: 'dump' },
    words:
      'Let operation 2, dump, be done. Then dump must see the plugged pages with their sides, and nothing else. ' +
      'However, page 1 was shown to it on the shared side.',
    also: [],
  },
  {
    name: 'a migration that sends unplugged pages is wrong where migration is possible',
    strategy: state.showsUnplugged,
    line: 'world(pages=2, vmem=1x2); migrate(start); migrate(finish)',
    caughtBy: 'consumers/migration-skips-unplugged',
    falls: 'consumers-see',
    reach: 'latent',
    at: 1,
    evidence: { reason: 'page-invented', position: 2, shownSide: 'private', detail: 'migration' },
    words:
      "Let operation 2, migrate(finish), be done. Then migration must see the guest's pages only; page 2 is unplugged. " +
      'However, it was shown on the private side: the copy has a page the guest does not have.',
    also: [],
  },
  {
    name: 'a plug that maps nothing leaves shared pages unmapped',
    strategy: state.plugsBlindly,
    line: 'world(pages=2, vmem=1x2); attach(c0); convert(3+1,shared); plug(m0,0+1)',
    caughtBy: 'virtio-mem/plug-after-share',
    falls: 'coexist',
    at: 2,
    evidence: { reason: 'not-mapped', container: 'c0', position: 3 },
    words:
      'Let operation 3, plug(m0,0+1), be done. Then page 3, plugged and shared, must be mapped in c0. ' +
      "However, c0 has no mapping of it: the device's accesses fail.",
    also: ['complete'],
  },
  {
    name: 'an unplug that unmaps nothing leaves mappings of freed memory',
    strategy: state.unplugsBlindly,
    line: 'world(pages=2, vmem=1x2); attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)',
    caughtBy: 'virtio-mem/unplug-unmaps-shared',
    falls: 'coexist',
    at: 3,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 2, deviceFrame: 2 },
    words:
      'Let operation 4, unplug(m0,0+1), be done. Then c0 must not map page 2, which is private or unplugged. ' +
      'However, it still leads to frame 2, which stays pinned beside the memory the guest uses.',
    also: ['bounded'],
  },
  {
    name: 'a design that does not ask its plug source maps unplugged pages',
    strategy: state.ignoresPlugged,
    line: 'world(pages=2, vmem=1x2); attach(c0); convert(2+1,shared)',
    caughtBy: 'virtio-mem/share-inside-unplugged',
    falls: 'coexist',
    at: 1,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 2, deviceFrame: 2 },
    words:
      'Let operation 2, convert(2+1,shared), be done. Then c0 must not map page 2, which is private or unplugged. ' +
      'However, it still leads to frame 2, which stays pinned beside the memory the guest uses.',
    also: ['bounded'],
  },
  {
    name: 'a late container without a replay misses what is shared',
    strategy: mapping.replaysNothing,
    line: 'convert(0+2,shared); attach(c0)',
    caughtBy: 'hotplug/late-attach-maps-shared',
    falls: 'hotplug',
    at: 1,
    evidence: { reason: 'late-differs', container: 'c0', position: 0, detail: 'shared already, and not mapped' },
    words:
      'Let operation 2, attach(c0), be done. Then c0, attached late, maps what an early one maps. ' +
      'However, page 0 is shared already, and not mapped.',
    also: ['complete'],
  },
  {
    name: 'a late container without a replay differs from the early one',
    strategy: mapping.replaysNothing,
    line: 'world(containers=c0:type1v2,c1:iommufd); attach(c0); convert(0+2,shared); attach(c1)',
    caughtBy: 'hotplug/late-equals-early',
    falls: 'hotplug',
    at: 2,
    evidence: { reason: 'late-differs', container: 'c1', position: 0, detail: 'not mapped, but is in c0' },
    words:
      'Let operation 3, attach(c1), be done. Then c1, attached late, maps what an early one maps. ' +
      'However, page 0 is not mapped, but is in c0.',
    also: ['complete'],
  },
  {
    name: 'a late container shows what the early one lost',
    strategy: mapping.losesPagesOfOne,
    line: 'world(containers=c0:type1v2,c1:type1v2); attach(c0); convert(0+2,shared); attach(c1)',
    caughtBy: 'hotplug/late-equals-early',
    falls: 'hotplug',
    at: 2,
    evidence: { reason: 'late-differs', container: 'c1', position: 0, detail: 'mapped, and not in c0' },
    words:
      'Let operation 3, attach(c1), be done. Then c1, attached late, maps what an early one maps. ' +
      'However, page 0 is mapped, and not in c0.',
    also: ['complete'],
  },
  {
    name: 'a detach that unmaps nothing leaves mappings behind',
    strategy: mapping.keepsMappings,
    line: 'attach(c0); convert(0+3,shared); detach(c0)',
    caughtBy: 'hotplug/detach-leaves-nothing',
    falls: 'hotplug',
    at: 2,
    evidence: { reason: 'left-behind', container: 'c0', detail: '3 mapping(s)' },
    words: 'Let operation 3, detach(c0), be done. Then a detached c0 leaves nothing behind. However, 3 mapping(s) left.',
    also: [],
  },
  {
    name: 'a count that is not given back is left at the end',
    strategy: reference,
    sabotage: sabotage.keepsItsCount,
    line: 'attach(c0); detach(c0); touch(0)',
    falls: 'hotplug',
    at: 3,
    evidence: { reason: 'counter-left', detail: 'uncoordinatedDisabled=1' },
    words: `${OVER} Then the discard coordination counts go back to zero. However, left over: uncoordinatedDisabled=1.`,
    also: [],
  },
  {
    name: 'a container without a coordination count lets the balloon discard',
    strategy: reference,
    sabotage: sabotage.takesNoCount,
    line: 'attach(c0); convert(4+1,shared); balloon(4+1)',
    falls: 'coordinated',
    at: 2,
    evidence: { reason: 'uncoordinated-discard', position: 4, detail: 'the balloon' },
    words:
      'Let operation 3, balloon(4+1), be done. Then the balloon is refused or skips while a device is attached. ' +
      'However, it discarded page 4.',
    also: ['coherent', 'bounded'],
  },
];
