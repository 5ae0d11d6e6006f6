// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const negative = { isNegative: true } as const;
const RAM = 'QEMU 10.2.2 migration/ram.c: discarded pages lose their dirty bits and are never sent';
const migration = family({ prefix: 'migration', source: RAM, basis: 'source', needs: ['views'] });
const sync = family({ prefix: 'dirty-sync', source: 'QEMU 10.2.2 hw/vfio/listener.c: one dirty query per populated run', basis: 'source', needs: ['views'] });
const restored = family({ prefix: 'restored', source: 'QEMU 10.2.2 hw/virtio/virtio-mem.c, post_load_early and post_load', basis: 'source', needs: ['views'] });
const dump = family({ prefix: 'dump', source: 'QEMU 10.2.2 system/memory_mapping.c: populated runs only, ascending', basis: 'source', needs: ['views'] });
const VMEM = { world: 'pages=4, vmem=2x4', needs: ['virtioMem'] } as const;

/** Copies of the guest, by value: what migration sends and restores, what a dump holds. */
export const COPIES = [
  migration.spread('holds-private-data', 'consumers-see', 'a restored guest holds what the source kept private', 'touch(0); convert(1+1,shared); touch(1); migrate(start); migrate(finish)', { answers: { 4: '0, 8 pages', 5: '0, 0 pages' } }),
  migration.spread('write-is-sent-again', 'consumers-see', 'a page written while migration runs is sent again', 'convert(0+2,shared); touch(0); migrate(start); touch(0); touch(5); migrate(finish)', { answers: { 6: '0, 2 pages' } }),
  migration.spread('conversion-is-sent-again', 'consumers-see', 'a page converted while migration runs is sent on its new side', 'touch(0); convert(2+1,shared); touch(2); migrate(start); convert(0+1,shared); convert(2+1,private); touch(0); migrate(finish)'),
  migration.spread('written-on-the-new-side', 'consumers-see', 'a page written after its conversion arrives with that value', 'convert(0+1,shared); touch(0); migrate(start); convert(0+1,private); touch(0); migrate(finish)'),
  migration.spread('unplugged-is-not-sent', 'consumers-see', 'a restored guest gets no page of an unplugged block', 'plug(m0,0+2); convert(4+8,shared); touch(8); unplug(m0,1+1); migrate(start); migrate(finish)', { ...negative, ...VMEM, answers: { 5: '0, 8 pages' } }),
  migration.spread('replugged-is-empty', 'consumers-see', 'a block unplugged and plugged again is sent empty', 'plug(m0,0+1); touch(4); unplug(m0,0+1); plug(m0,0+1); migrate(start); migrate(finish)', { ...negative, ...VMEM }),
  migration.written('no-device-comes-or-goes', 'hotplug', 'no device comes or goes while migration runs', 'attach(c0); migrate(start); attach(c1); detach(c0); migrate(finish); attach(c1)', { ...negative, source: 'QEMU 10.2.2 system/qdev-monitor.c: device_add and device_del are refused', answers: { 3: 'not while migrating', 4: 'not while migrating', 6: '0' } }),
  migration.written('once-at-a-time', 'consumers-see', 'a second migration does not start beside the first', 'attach(c0); migrate(finish); migrate(start); migrate(start); migrate(finish)', { ...negative, answers: { 2: 'not migrating', 4: 'migrating already' } }),

  sync.written('device-write-is-sent-again', 'consumers-see', 'what a device writes while migration runs is sent again', 'attach(c0); convert(0+2,shared); migrate(start); dma(c0,1,write); migrate(finish)', { answers: { 5: '0, 1 pages' } }),
  sync.written('page-shared-under-way', 'consumers-see', 'a page shared while migration runs is asked about', 'attach(c0); migrate(start); convert(3+2,shared); dma(c0,3,write); dma(c0,4,write); migrate(finish)'),
  sync.written('plugged-block', 'consumers-see', 'a device write to a plugged block is sent again', 'attach(c0); plug(m0,0+1); convert(4+2,shared); migrate(start); dma(c0,5,write); migrate(finish)', { ...VMEM, answers: { 6: '0, 1 pages' } }),
  sync.written('two-devices', 'consumers-see', 'writes of two devices are both sent again', 'attach(c0); attach(c1); convert(0+4,shared); migrate(start); dma(c0,0,write); dma(c1,3,write); migrate(finish)', { answers: { 7: '0, 2 pages' } }),
  sync.written('private-is-not-asked', 'consumers-see', 'no dirty query names a page that is not mapped', 'attach(c0); convert(0+4,shared); convert(1+1,private); migrate(start); dma(c0,2,write); migrate(finish)', negative),
  sync.written('unplugged-is-not-asked', 'consumers-see', 'no dirty query names a page of an unplugged block', 'attach(c0); plug(m0,0+2); convert(4+8,shared); unplug(m0,0+1); migrate(start); dma(c0,9,write); migrate(finish)', { ...negative, ...VMEM }),
  sync.written('page-taken-back-under-way', 'consumers-see', 'a device write dies with the side of its page', 'attach(c0); convert(0+2,shared); migrate(start); dma(c0,0,write); convert(0+1,private); migrate(finish)', { ...negative, needs: ['twoBackend'] }),
  sync.written('behind-a-viommu', 'consumers-see', 'what a device writes behind a vIOMMU is sent again', 'attach(c0); convert(0+2,shared); viommu-map(c0,7,1+1); migrate(start); dma(c0,7,write); migrate(finish)', { containers: ['*+viommu'], answers: { 6: '0, 1 pages' } }),

  restored.written('devices-reach-shared', 'consumers-see', 'devices of a restored guest reach what is shared', 'attach(c0); convert(2+3,shared); touch(2); touch(4); migrate(start); migrate(finish); migrate(load)', { answers: { 7: '0, 8 pages' } }),
  restored.written('plugged-and-shared', 'consumers-see', 'devices of a restored guest map what is plugged and shared', 'attach(c0); plug(m0,1+1); convert(2+8,shared); touch(8); migrate(start); migrate(finish); migrate(load)', VMEM),
  restored.written('late-state', 'consumers-see', 'a guest restored with its blocks last maps the same', 'attach(c0); plug(m0,1+1); convert(2+8,shared); touch(8); migrate(start); migrate(finish); migrate(load,late)', VMEM),
  restored.written('private-stays-out-of-reach', 'consumers-see', 'devices of a restored guest reach nothing private', 'attach(c0); attach(c1); touch(0); convert(1+1,shared); migrate(start); migrate(finish); migrate(load)', negative),
  restored.written('unplugged-stays-unplugged', 'consumers-see', 'a block unplugged before migration is unplugged after it', 'attach(c0); plug(m0,0+2); convert(4+8,shared); unplug(m0,0+1); migrate(start); migrate(finish); migrate(load); migrate(load,late)', { ...negative, ...VMEM }),
  restored.written('nothing-to-load', 'consumers-see', 'nothing is restored before a migration has finished', 'attach(c0); migrate(load); migrate(start); migrate(load)', { ...negative, answers: { 2: 'nothing to load', 4: 'nothing to load' } }),

  dump.spread('holds-private-data', 'consumers-see', 'a dump holds what the guest keeps private', 'touch(0); convert(1+1,shared); touch(1); dump', { answers: { 4: '0, 8 pages' } }),
  dump.spread('holds-the-newest-value', 'consumers-see', 'a dump holds the value of the side the guest uses', 'convert(0+1,shared); touch(0); convert(0+1,private); touch(0); dump'),
  dump.spread('ascending-across-4g', 'nonfatal', 'the runs of a dump ascend across 4 GiB', 'convert(2+4,shared); touch(3); touch(4); dump', { source: 'QEMU 10.2.2 system/memory_mapping.c asserts ascending addresses' }),
  dump.written('what-a-device-wrote', 'consumers-see', 'a dump holds what a device wrote, beside private data', 'attach(c0); touch(0); convert(1+1,shared); dma(c0,1,write); dump', { answers: { 5: '0, 8 pages' } }),
  dump.spread('nothing-of-the-old-side', 'consumers-see', 'a dump holds nothing of the side the guest left', 'touch(0); convert(0+1,shared); dump', { ...negative, needs: ['twoBackend'] }),
  dump.spread('nothing-unplugged', 'consumers-see', 'a dump holds nothing of a block that went', 'plug(m0,0+1); convert(4+1,shared); touch(4); touch(5); unplug(m0,0+1); dump', { ...negative, ...VMEM, answers: { 6: '0, 4 pages' } }),
];
