// SPDX-License-Identifier: MIT
/**
 * One row per mistake: the history that shows it, what the judge must say about it as data and in words, and what
 * falls with it. Every reason the judge knows has a row. A world without `containers=` is run on both backends.
 */
import { OVER, type PlantedFault } from './planted-fault.ts';
import { COMPANY } from './planted-faults-of-company.ts';
import { REGIONS } from './planted-faults-of-regions.ts';
import { CONSUMERS } from './planted-faults-of-consumers.ts';
import * as conversion from './strategies/conversion-faults.ts';
import * as mapping from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import * as state from './strategies/state-faults.ts';
import * as sabotage from './support/sabotage.ts';

const SIX_STEPS = 'attach(c0); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read)';

/** About every page, always: coherent, isolated, no-use-after-discard, rights, order. */
const ALWAYS: readonly PlantedFault[] = [
  {
    name: 'a design that never unmaps leaves a device on the old frame',
    strategy: mapping.neverUnmaps,
    line: SIX_STEPS,
    caughtBy: 'six-steps/device-reads-what-the-guest-wrote',
    falls: 'coherent',
    at: 4,
    evidence: { reason: 'stale-translation', container: 'c0', position: 0, deviceFrame: 2, backingFrame: 0 },
    words:
      'Let operation 5, convert(0+1,shared), be done. Then no frame backs page 0 yet, so a device in c0 may reach none. ' +
      'However, c0 still leads page 0 to frame 2: the device reads and writes the wrong memory.',
    also: ['order', 'bounded', 'hotplug'],
  },
  {
    name: 'a kernel that converts pinned frames lets a device reach private data',
    strategy: conversion.turnsFirst,
    sabotage: sabotage.convertsPinnedFrames,
    line: 'world(regime=in-place); attach(c0); convert(0+1,shared); convert(0+1,private)',
    falls: 'isolated',
    at: 2,
    evidence: { reason: 'private-frame-reached', container: 'c0', position: 0, deviceFrame: 2 },
    words:
      'Let operation 3, convert(0+1,private), be done. Then no device may reach a frame that holds private data. ' +
      'However, c0 leads page 0 to frame 2, which is private.',
    also: ['order'],
  },
  {
    name: 'an unplug that unmaps nothing leaves a server a way to freed memory',
    strategy: state.unplugsBlindly,
    line: 'world(containers=c0:vfio-user, pages=2, vmem=1x2); attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)',
    caughtBy: 'virtio-mem/unplug-unmaps-shared',
    falls: 'no-use-after-discard',
    at: 3,
    evidence: { reason: 'mapped-after-discard', container: 'c0', position: 2 },
    words:
      'Let operation 4, unplug(m0,0+1), be done. Then no mapping of c0, which pins nothing, may cover page 2 once its ' +
      'memory is freed. However, one did: an access through it brings the memory back.',
    also: ['bounded', 'coexist'],
  },
  {
    name: 'a frame turned private before it is unmapped breaks the order',
    strategy: conversion.turnsFirst,
    sabotage: sabotage.convertsPinnedFrames,
    line: 'world(regime=in-place); attach(c0); convert(0+1,shared); convert(0+1,private)',
    falls: 'order',
    at: 2,
    evidence: { reason: 'turned-private-while-mapped', container: 'c0', position: 0 },
    words:
      'Let operation 3, convert(0+1,private), be done. Then page 0 is unmapped everywhere before its frame turns private. ' +
      'However, it turned private while c0 mapped it.',
    also: ['isolated'],
  },
  {
    name: 'a frame freed before it is unmapped breaks the order',
    strategy: conversion.freesFirst,
    line: 'attach(c0); convert(4+2,shared); convert(5+1,private)',
    caughtBy: 'order/unmap-before-free',
    falls: 'order',
    at: 2,
    evidence: { reason: 'freed-while-mapped', container: 'c0', position: 5 },
    words:
      'Let operation 3, convert(5+1,private), be done. Then page 5 is unmapped everywhere before its memory is freed. ' +
      'However, it was freed while c0 mapped it.',
    also: [],
  },
  {
    name: 'a frame freed under the mapping of a server comes back by an access',
    strategy: conversion.freesFirst,
    line: 'world(containers=c0:vfio-user); attach(c0); convert(4+2,shared); convert(5+1,private)',
    caughtBy: 'order/unmap-before-free',
    falls: 'no-use-after-discard',
    at: 2,
    evidence: { reason: 'mapped-after-discard', container: 'c0', position: 5 },
    words:
      'Let operation 3, convert(5+1,private), be done. Then no mapping of c0, which pins nothing, may cover page 5 once ' +
      'its memory is freed. However, one did: an access through it brings the memory back.',
    also: ['order'],
  },
  {
    name: 'a listener that maps the ROM writable grants too much',
    strategy: reference,
    sabotage: sabotage.grantsWrites,
    line: 'attach(c0)',
    falls: 'rights',
    at: 0,
    evidence: { reason: 'too-many-rights', container: 'c0', position: 8 },
    words:
      'Let operation 1, attach(c0), be done. Then c0 may read but not write page 8, which lies in a read-only section. ' +
      'However, c0 maps it writable.',
    also: [],
  },
];

/** About every page at rest: complete, bounded. */
const AT_REST: readonly PlantedFault[] = [
  {
    name: 'a map that was only reported leaves a shared page unmapped',
    strategy: mapping.losesEvenPages,
    line: 'attach(c0); convert(1+2,shared)',
    caughtBy: 'convert/first-page',
    falls: 'complete',
    at: 1,
    evidence: { reason: 'not-mapped', container: 'c0', position: 2 },
    words:
      'Let operation 2, convert(1+2,shared), be done. Then page 2, plugged and shared, must be mapped in c0. ' +
      "However, c0 has no mapping of it: the device's accesses fail.",
    also: [],
  },
  {
    name: 'a replay that ignores sides maps private pages',
    strategy: mapping.replaysEverything,
    line: 'touch(0); attach(c0)',
    caughtBy: 'hotplug/late-attach-maps-nothing-private',
    falls: 'bounded',
    at: 1,
    evidence: { reason: 'lingering-mapping', container: 'c0', position: 0, deviceFrame: 2 },
    words:
      'Let operation 2, attach(c0), be done. Then c0 must not map page 0, which is private or unplugged. ' +
      'However, it still leads to frame 2, which stays pinned beside the memory the guest uses.',
    also: ['hotplug'],
  },
  {
    name: 'a run that is not clipped maps what no section shows',
    strategy: mapping.doesNotClip,
    line: 'attach(c0); convert(3+1,shared)',
    caughtBy: 'convert/last-below-4g',
    falls: 'bounded',
    at: 1,
    evidence: { reason: 'mapping-over-nothing', container: 'c0', detail: '0x3+2' },
    words:
      'Let operation 2, convert(3+1,shared), be done. Then a mapping lies over a page that its section shows. ' +
      'However, c0 maps guest page 0x3+2, where the guest has nothing.',
    also: ['hotplug'],
  },
  {
    name: 'a private side that is not freed costs a page twice',
    strategy: conversion.keepsPrivateSide,
    line: 'attach(c0); touch(0); convert(0+1,shared)',
    caughtBy: 'convert/data-dies-with-the-side',
    falls: 'bounded',
    at: 2,
    evidence: { reason: 'two-frames', position: 0, detail: 'frames 3 and 2' },
    words:
      'Let operation 3, convert(0+1,shared), be done. Then one frame over both sides may exist for page 0. ' +
      'However, both sides hold one (frames 3 and 2): the page costs twice its size.',
    also: [],
  },
  {
    name: 'device RAM that is not discarded stays behind an unplug',
    strategy: reference,
    sabotage: sabotage.keepsDeviceRam,
    line: 'world(pages=2, vmem=1x2); plug(m0,0+1); touch(2); unplug(m0,0+1)',
    falls: 'bounded',
    at: 2,
    evidence: { reason: 'unplugged-frame', position: 2, detail: 'frame 1' },
    words:
      'Let operation 3, unplug(m0,0+1), be done. Then page 2 is unplugged and must hold no memory. ' +
      'However, a frame is left (frame 1).',
    also: [],
  },
  {
    name: 'a pin that is not dropped keeps a freed frame alive',
    strategy: reference,
    sabotage: sabotage.leaksPins,
    line: 'attach(c0); convert(0+1,shared); convert(0+1,private)',
    falls: 'bounded',
    at: 2,
    evidence: { reason: 'orphan-pin', detail: '1' },
    words:
      'Let operation 3, convert(0+1,private), be done. Then every frame is reachable from the page it backs. ' +
      'However, 1 frame(s) live on by a pin alone.',
    also: [],
  },
];

/** About refusals: atomic, progress, nonfatal, legal-calls. */
const REFUSALS: readonly PlantedFault[] = [
  {
    name: 'a refused sharing that keeps the side is no refusal',
    strategy: conversion.keepsTheSide,
    line: 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared)',
    caughtBy: 'refuse/middle-map',
    falls: 'atomic',
    at: 2,
    evidence: { reason: 'refused-but-changed', position: 0, detail: 'its side was private and is shared' },
    words:
      'Let operation 3, convert(0+2,shared), be done. Then a refused operation must equal one that was not done. ' +
      'However, page 0 differs from before: its side was private and is shared.',
    also: ['complete'],
  },
  {
    name: 'a refused sharing that keeps its first mapping is no refusal',
    strategy: conversion.forgetsRollback,
    line: 'attach(c0); refuse(c0,map,2,ENOMEM); convert(0+2,shared)',
    caughtBy: 'refuse/last-map',
    falls: 'atomic',
    at: 2,
    evidence: { reason: 'refused-but-changed', position: 0, detail: 'mapped per container was 0 and is 1' },
    words:
      'Let operation 3, convert(0+2,shared), be done. Then a refused operation must equal one that was not done. ' +
      'However, page 0 differs from before: mapped per container was 0 and is 1.',
    also: ['order', 'bounded', 'legal-calls', 'progress', 'hotplug'],
  },
  {
    name: 'a retry that answers 0 without a map is the retry hole',
    strategy: conversion.believesRetries,
    line: 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal',
    caughtBy: 'refuse/retry-reports-success-only-with-mapping',
    falls: 'atomic',
    at: 3,
    evidence: { reason: 'success-without-mapping', container: 'c0', position: 0 },
    words:
      'Let operation 4, heal, be done. Then an operation that reports success after a refusal has mapped page 0 in c0. ' +
      'However, success was reported and c0 has no mapping of it.',
    also: ['complete'],
  },
  {
    name: 'a refusal for good makes no progress',
    strategy: conversion.refusesForGood,
    line: 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared); heal',
    caughtBy: 'refuse/retry-by-the-guest',
    falls: 'progress',
    at: 3,
    evidence: { reason: 'retry-refused', detail: '-EAGAIN' },
    words:
      'Let operation 4, heal, be done. Then with the fault lifted, the retry of a refused operation succeeds. ' +
      'However, it answered -EAGAIN.',
    also: [],
  },
  {
    name: 'the same is found at the end of a history without heal',
    strategy: conversion.refusesForGood,
    line: 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)',
    caughtBy: 'refuse/other-pages-go-on',
    falls: 'progress',
    at: 3,
    evidence: { reason: 'retry-refused', detail: '-EAGAIN' },
    words: `${OVER} Then with the fault lifted, the retry of a refused operation succeeds. However, it answered -EAGAIN.`,
    also: [],
  },
  {
    name: 'an exit on a refused replay ends the VMM',
    strategy: conversion.exitsOnRefusal,
    line: 'convert(0+1,shared); refuse(c0,map,1,ENOMEM); attach(c0)',
    caughtBy: 'hotplug/refused-attach-does-not-end-the-vmm',
    falls: 'nonfatal',
    at: 2,
    evidence: { reason: 'vmm-ended', detail: 'vfio: memory listener initialization failed' },
    words:
      'Let operation 3, attach(c0), be done. Then nothing a guest or a refused call does ends the VMM. ' +
      'However, it ended: vfio: memory listener initialization failed.',
    also: [],
  },
  {
    name: 'a throw on a refused conversion ends the VMM',
    strategy: conversion.throwsOnRefusal,
    line: 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)',
    caughtBy: 'refuse/does-not-end-the-vmm',
    falls: 'nonfatal',
    at: 2,
    evidence: { reason: 'vmm-ended', detail: 'RangeError: the bitmap and the listeners disagree' },
    words:
      'Let operation 3, convert(0+1,shared), be done. Then nothing a guest or a refused call does ends the VMM. ' +
      'However, it ended: RangeError: the bitmap and the listeners disagree.',
    also: [],
  },
  {
    name: 'a page mapped twice is a call the backend must refuse',
    strategy: mapping.mapsTwice,
    line: 'attach(c0); convert(6+1,shared)',
    caughtBy: 'convert/redundant-shared',
    falls: 'legal-calls',
    at: 1,
    evidence: { reason: 'illegal-call', container: 'c0', detail: '-EEXIST to map of guest pages 0x100002+1' },
    words:
      'Let operation 2, convert(6+1,shared), be done. Then no call is made that the backend must refuse. ' +
      'However, c0 answered -EEXIST to map of guest pages 0x100002+1.',
    also: [],
  },
  {
    name: 'an unmap that cuts a mapping is refused by type1v2',
    strategy: mapping.cutsMappings,
    line: 'world(containers=c0:type1v2); attach(c0); convert(0+2,shared); convert(0+1,private)',
    caughtBy: 'convert/hole-in-a-run',
    falls: 'legal-calls',
    at: 2,
    evidence: { reason: 'illegal-call', container: 'c0', detail: '-EINVAL to unmap of guest pages 0x0+1' },
    words:
      'Let operation 3, convert(0+1,private), be done. Then no call is made that the backend must refuse. ' +
      'However, c0 answered -EINVAL to unmap of guest pages 0x0+1.',
    also: ['progress', 'hotplug'],
  },
  {
    name: 'an unmap that cuts a mapping finds nothing on iommufd, and QEMU takes that for success',
    strategy: mapping.cutsMappings,
    line: 'world(containers=c0:iommufd); attach(c0); convert(0+2,shared); convert(0+1,private)',
    caughtBy: 'convert/hole-in-a-run',
    falls: 'legal-calls',
    at: 2,
    evidence: { reason: 'illegal-call', container: 'c0', detail: '-ENOENT to unmap of guest pages 0x0+1' },
    words:
      'Let operation 3, convert(0+1,private), be done. Then no call is made that the backend must refuse. ' +
      'However, c0 answered -ENOENT to unmap of guest pages 0x0+1.',
    also: ['order', 'bounded', 'hotplug'],
  },
];

export const PLANTED_FAULTS: readonly PlantedFault[] = [...ALWAYS, ...AT_REST, ...REFUSALS, ...COMPANY, ...REGIONS, ...CONSUMERS];
