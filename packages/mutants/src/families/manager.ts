// SPDX-License-Identifier: MIT
/**
 * The manager with several sources going wrong. Its carrier, QEMU 11.1's design, breaks invariants of its own; a mutant
 * is killed only by what the carrier keeps in the same history.
 */
import { QEMU_11_1_STEPS } from '@sda-lab/rdm-manager';
import { inManager } from '../in-part.ts';
import { CAREFUL, type Mutant } from '../mutant.ts';

const ELEVEN = 'QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c';
const QEMU = QEMU_11_1_STEPS;

export const MANAGER: readonly Mutant[] = [
  {
    id: 'asks-the-caller-too',
    breaks: 'coexist',
    what: 'a source that is about to populate is asked as well, and says no until its bits are set',
    source: 'series v2, 20260225120456.3170057-1: no source was skipped, so no plug reached a listener',
    ...inManager({
      asked: (occasion, sources, caller) =>
        occasion === 'populate' ? sources : QEMU.asked(occasion, sources, caller),
    }),
  },
  {
    id: 'loses-discards-under-and',
    breaks: 'coherent',
    what: 'a source that discarded is asked as well, and has forgotten the pages by then',
    source: `${ELEVEN}: attributes clear their bits before they notify, virtio-mem after it`,
    ...inManager({
      asked: (occasion, sources, caller) =>
        occasion === 'discard' ? sources : QEMU.asked(occasion, sources, caller),
    }),
  },
  {
    id: 'populates-where-one-source-says-so',
    breaks: 'coexist',
    what: 'a page counts as populated when any source says so, not when all do',
    source: CAREFUL,
    ...inManager({ isPopulated: (sources, first, end, ask) => sources.some((source) => ask(source, first, end)) }),
  },
  {
    id: 'asks-nobody-else-on-a-populate',
    breaks: 'coexist',
    what: 'a populate is handed on whole, whatever other sources say',
    source: 'QEMU 10.2.2 include/system/memory.h: with one owner per region there was nobody else to ask',
    ...inManager({
      asked: (occasion, sources, caller) => (occasion === 'populate' ? [] : QEMU.asked(occasion, sources, caller)),
    }),
  },
  {
    id: 'takes-the-coarsest-granularity',
    breaks: 'legal-calls',
    what: 'of several sources the coarsest granularity counts, and a mapping is larger than what can go alone',
    source: `${ELEVEN}: the smallest counts; a 2 MiB virtio-mem beside 4 KiB conversions is the common case`,
    ...inManager({ granularityOf: (sources) => Math.max(0, ...sources.map(({ granularity }) => granularity)) }),
  },
  {
    id: 'judges-two-chunks-as-one',
    breaks: 'coexist',
    what: 'a chunk that straddles two granules is populated only if both are, so half of it is never told',
    source: `${ELEVEN}: chunks are counted from where the range begins, aligned or not`,
    ...inManager({ chunkEnd: (first, granularity) => first + 2 * granularity }),
  },
  {
    id: 'asks-for-the-first-page-of-a-chunk',
    breaks: 'legal-calls',
    what: 'whether a source populates a chunk is asked about the first page of it only',
    source: `${ELEVEN}: asked about whole chunks; right for a chunk that lies in one block of each source`,
    ...inManager({ isPopulated: (sources, first, _end, ask) => QEMU.isPopulated(sources, first, first + 1, ask) }),
  },
  {
    id: 'undoes-without-the-failing-one',
    breaks: 'coexist',
    what: 'after a veto the vetoing listener is left out; runs it had accepted before stay mapped',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c: the failing listener excluded, which is right for one run per listener',
    ...inManager({ undoneCount: (refusedAt) => refusedAt }),
  },
  {
    id: 'undoes-nobody',
    breaks: 'coexist',
    what: 'after a veto nobody takes anything back',
    source: 'QEMU 10.1 system/ram-block-attributes.c as merged',
    ...inManager({ undoneCount: () => 0 }),
  },
  {
    id: 'undoes-the-failing-one-each-time',
    breaks: 'coexist',
    what: 'the undoing walks all told listeners with the wrong variable, and tells the refusing one every time',
    source: 'QEMU commit 29f1b328e3, hw/virtio/virtio-mem.c: rdl instead of rdl2 in the rollback loop',
    ...inManager({ undoOrder: (told) => told.map(() => told.at(-1)!) }),
  },
  {
    id: 'undoes-in-the-other-order',
    breaks: 'coexist',
    what: 'listeners that were told first take it back last',
    source: 'series v4 12/13, 20250407074939.18657-13: promised in reverse, walked forward; here the other way round',
    ...inManager({ undoOrder: (told) => told.toReversed() }),
    proof:
      'Each listener takes back what it was told itself, in a container of its own, so the runs undone for two listeners ' +
      'never meet and the order between them decides nothing. Where the attributes are undone in the same list it does ' +
      'matter, which is another mutant (undoes-forward).',
  },
  {
    id: 'tells-unclipped-runs',
    breaks: 'bounded',
    what: 'runs go to a listener as they are, also the pages outside its section',
    source: 'QEMU 10.2.2 system/memory.c, memory_region_section_intersect_range',
    ...inManager({ clip: (_window, first, end) => ({ first, end }) }),
  },
  {
    id: 'clips-the-end-only',
    breaks: 'legal-calls',
    what: 'a run is cut at the end of the section and not at its beginning',
    source: CAREFUL,
    ...inManager({
      clip: (window, first, end) => (first < Math.min(window.end, end) ? { first, end: Math.min(window.end, end) } : undefined),
    }),
  },
  {
    id: 'registers-without-a-replay',
    breaks: 'hotplug',
    what: 'a new listener hears of later changes only',
    source: CAREFUL,
    ...inManager({ replaysToNew: false }),
  },
  {
    id: 'unregisters-silently',
    breaks: 'hotplug',
    what: 'a listener that goes hears of no discard and keeps its mappings',
    source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, unregister_listener sends nothing while its size is 0',
    ...inManager({ discardedAtLeave: () => undefined }),
  },
  {
    id: 'unregisters-one-page-short',
    breaks: 'hotplug',
    what: 'the discard at unregistering ends one page early',
    source: CAREFUL,
    ...inManager({ discardedAtLeave: ({ first, end }) => (end - first > 1 ? { first, end: end - 1 } : undefined) }),
  },
  {
    id: 'tells-the-oldest-first',
    breaks: 'order',
    what: 'listeners are told in the order they came, not newest first',
    source: 'QEMU 10.2.2 include/qemu/queue.h: a QLIST grows at its head; a careful engineer appends',
    ...inManager({ insert: (list, member) => [...list, member] }),
    // The unmap that undoes a refused run names pages that are not mapped; who refuses that decides who keeps what.
    backends: ['vfio-user-strict'],
  },
];
