// SPDX-License-Identifier: MIT
import { family } from '../conformance-case.ts';

const negative = { isNegative: true } as const;
const LISTENER = 'QEMU 10.2.2 hw/vfio/listener.c';
const mixed = family({ prefix: 'mixed', source: `${LISTENER}: each container follows the address space by itself`, basis: 'source' });
const page = family({ prefix: 'iommu-page', source: 'QEMU 11.1.3 run: hw/vfio/listener.c:278 asserts that the granule is no finer', basis: 'observed', needs: ['views'] });
const viommu = family({ prefix: 'viommu', source: 'QEMU 11.1.3 run with intel-iommu; QEMU 10.2.2 system/memory.c, memory_translate_iotlb', basis: 'observed', needs: ['views'] });
const tdisp = family({ prefix: 'tdisp', source: 'SEV-TIO series 20250218111017.491719-1, 12/22: the host IOMMU maps private guest_memfd', basis: 'list', world: 'tee=snp', needs: ['tdisp'] });
const tdx = family({ prefix: 'tdisp', source: 'TDX Connect as told on the list: the secure page tables are not the host IOMMU', basis: 'list', world: 'tee=tdx' });
const absent = family({ prefix: 'absent', source: 'declared capabilities', basis: 'derived', world: 'tee=snp', needs: ['views'] });
const balloon = family({ prefix: 'balloon', source: 'QEMU 11.1.3 run: inflate beside a VFIO device is skipped, else both sides are punched', basis: 'observed' });
const cpr = family({ prefix: 'cpr', source: 'QEMU 10.2.2 hw/vfio/cpr-legacy.c: recovery remaps what the manager calls populated', basis: 'source', needs: ['views'] });

const REFUSED = 'refused: iommu map to discarded memory';
const BEHIND = { containers: ['*+viommu'] } as const;
const VMEM = { world: 'pages=4, vmem=2x4', needs: ['virtioMem'] } as const;
const TDISP = { containers: ['iommufd+tdisp'], backends: ['iommufd'] } as const;

/** Those beside plain containers of one kind who must know, each with what it is owed and what it must not get. */
export const CONSUMERS = [
  mixed.written('strict-server', 'legal-calls', 'a strict server beside another backend is unmapped page by page', 'attach(c0); attach(c1); convert(0+3,shared); convert(1+1,private); dma(c0,0,write); dma(c1,0,read)', { containers: ['*', 'vfio-user-strict'], answers: { 6: '0 0xa1' } }),
  mixed.written('six-steps', 'coherent', 'after the six steps two backends reach the same frame', 'attach(c0); attach(c1); convert(0+1,shared); touch(0); convert(0+1,private); convert(0+1,shared); touch(0); dma(c0,0,read); dma(c1,0,read)', { containers: ['*', 'iommufd'], answers: { 8: '0 0xa2', 9: '0 0xa2' } }),
  mixed.written('refused-map-in-the-other', 'atomic', 'a map refused by another backend is undone in this one', 'attach(c0); attach(c1); refuse(c1,map,3,ENOMEM); convert(0+4,shared); dma(c0,0,read)', { ...negative, containers: ['*', 'type1v2'], answers: { 5: '-EFAULT' } }),
  mixed.written('refused-unmap-in-the-other', 'atomic', 'an unmap refused by another backend is undone in this one', 'attach(c0); attach(c1); convert(0+4,shared); refuse(c1,unmap,1,EBUSY); convert(1+2,private); dma(c0,2,write)', { ...negative, containers: ['*', 'iommufd-compat-v1'] }),
  mixed.written('other-detached', 'hotplug', 'another backend that goes leaves this one as it was', 'attach(c0); attach(c1); convert(0+4,shared); detach(c1); convert(1+2,private); dma(c0,1,read)', { ...negative, containers: ['*', 'vfio-user'], answers: { 6: '-EFAULT' } }),

  page.written('attach-is-refused', 'legal-calls', 'a device with IOMMU pages above the granule is refused', 'attach(c0); convert(0+2,shared)', { ...negative, containers: ['*/2'], answers: { 1: '-EINVAL', 2: '0' } }),
  page.written('vmm-goes-on', 'nonfatal', 'a guest with a refused device of large IOMMU pages goes on', 'convert(0+2,shared); attach(c0); touch(0); convert(1+1,private)', { ...negative, containers: ['*/2'], answers: { 2: '-EINVAL', 3: '0 0xa1' } }),
  page.written('other-goes-on', 'complete', 'a device beside one of large IOMMU pages is served', 'attach(c0); convert(0+2,shared); attach(c1); convert(1+1,private); dma(c0,0,write)', { containers: ['*', '*/4'], answers: { 5: '0 0xa1' } }),
  page.written('attach-after-a-refusal', 'hotplug', 'a device attached after a refused one maps what is shared', 'convert(0+2,shared); attach(c0); attach(c1); dma(c1,1,write)', { containers: ['*/512', '*'], answers: { 4: '0 0xa1' } }),

  viommu.written('shared-page', 'consumers-see', 'a shared page is mapped where the guest asks', 'attach(c0); convert(0+1,shared); touch(0); viommu-map(c0,5,0+1); dma(c0,5,read)', { ...BEHIND, answers: { 4: '0', 5: '0 0xa1' } }),
  viommu.written('private-page-is-refused', 'consumers-see', 'a private page is refused, and not mapped when it is shared later', 'attach(c0); touch(0); viommu-map(c0,5,0+1); convert(0+1,shared); dma(c0,5,read)', { ...negative, ...BEHIND, answers: { 3: REFUSED, 5: '-EFAULT' } }),
  viommu.written('unplugged-page-is-refused', 'consumers-see', 'an unplugged page is refused until it is plugged', 'attach(c0); convert(4+1,shared); viommu-map(c0,5,4+1); plug(m0,0+1); viommu-map(c0,5,4+1)', { ...negative, ...BEHIND, ...VMEM, answers: { 3: REFUSED, 5: '0' } }),
  viommu.written('guest-that-unmaps-first', 'coherent', 'a guest that unmaps first finds the newest frame when it maps again', 'attach(c0); convert(0+1,shared); viommu-map(c0,5,0+1); viommu-unmap(c0,5+1); convert(0+1,private); convert(0+1,shared); touch(0); viommu-map(c0,5,0+1); dma(c0,5,read)', { ...BEHIND, answers: { 9: '0 0xa1' } }),
  viommu.written('nothing-at-attach', 'hotplug', 'a device behind a vIOMMU finds nothing mapped when it comes', 'convert(0+8,shared); attach(c0); dma(c0,0,read)', { ...negative, ...BEHIND, answers: { 3: '-EFAULT' } }),
  viommu.written('plain-one-beside-it', 'complete', 'a plain container beside one behind a vIOMMU is served', 'attach(c0); attach(c1); convert(0+2,shared); viommu-map(c0,9,1+1); dma(c1,1,write); dma(c0,9,read)', { containers: ['*+viommu', '*'], answers: { 6: '0 0xa1' } }),

  tdisp.written('private-page-is-reached', 'complete', 'a TDISP device reaches what the guest keeps private', 'attach(c0); touch(0); dma(c0,0,read)', { ...TDISP, answers: { 3: '0 0xa1' } }),
  tdisp.written('follows-the-side', 'coherent', 'a TDISP device follows a page from side to side', 'attach(c0); touch(0); convert(0+1,shared); touch(0); dma(c0,0,read); convert(0+1,private); touch(0); dma(c0,0,read)', { ...TDISP, answers: { 5: '0 0xa2', 8: '0 0xa3' } }),
  tdisp.written('late-attach', 'hotplug', 'a TDISP device attached late maps both sides', 'touch(0); convert(1+1,shared); touch(1); attach(c0); dma(c0,0,read); dma(c0,1,read)', { ...TDISP, answers: { 5: '0 0xa1', 6: '0 0xa2' } }),
  tdisp.written('plug-and-unplug', 'coexist', 'a TDISP device maps both sides of a plugged block only', 'attach(c0); convert(5+1,shared); plug(m0,0+1); dma(c0,4,write); unplug(m0,0+1); dma(c0,4,read)', { ...TDISP, needs: ['virtioMem'], world: 'pages=4, vmem=2x4, tee=snp', answers: { 4: '0 0xa1', 6: '-EFAULT' } }),
  tdisp.written('plain-device-stays-out', 'isolated', 'a plain device beside a TDISP one reaches nothing private', 'attach(c0); attach(c1); touch(0); dma(c1,0,read); dma(c0,0,read)', { ...negative, containers: ['iommufd+tdisp', '*'], backends: ['iommufd'], answers: { 4: '-EFAULT', 5: '0 0xa1' } }),
  tdisp.written('refused-private-map', 'progress', 'a private map refused once is made by the retry', 'attach(c0); convert(0+2,shared); refuse(c0,map,1,ENOMEM); convert(0+2,private); heal; touch(0); dma(c0,0,read)', { ...negative, ...TDISP, answers: { 7: '0 0xa1' } }),
  tdisp.written('refused-shared-map', 'progress', 'a shared map refused once is made by the retry, for a TDISP device', 'attach(c0); touch(0); refuse(c0,map,2,ENOMEM); convert(0+2,shared); heal; dma(c0,1,write)', { ...negative, ...TDISP }),
  tdisp.written('migration-is-blocked', 'consumers-see', 'a TDISP device blocks migration', 'attach(c0); migrate(start); cpr(c0)', { ...negative, ...TDISP, answers: { 2: 'blocked by c0', 3: '-EOPNOTSUPP' } }),
  tdx.written('private-side-is-not-the-hosts', 'isolated', 'with TDX Connect the host IOMMU maps shared pages only', 'attach(c0); touch(0); convert(1+1,shared); dma(c0,0,read); dma(c0,1,write)', { ...negative, ...TDISP, needs: ['views'], answers: { 4: '-EFAULT', 5: '0 0xa2' } }),
  absent.written('tdisp', 'isolated', 'a design without private mappings serves a TDISP device as any', 'attach(c0); convert(0+1,shared); touch(1); dma(c0,1,read); dma(c0,0,write)', { ...negative, ...TDISP, absent: ['tdisp'], answers: { 4: '-EFAULT', 5: '0 0xa2' } }),

  balloon.written('inflated-page-reads-zero', 'coordinated', 'a page given away loses its content and reads as zero', 'touch(0); balloon(0+1); read(0)', { answers: { 2: '0', 3: '0 0x0' } }),
  balloon.written('takes-both-sides', 'bounded', 'the balloon discards shared and private pages alike', 'convert(0+1,shared); touch(0); touch(1); balloon(0+2); read(0); read(1)', { ...negative, answers: { 5: '0 0x0', 6: '0 0x0' } }),
  balloon.written('data-survives-beside-a-device', 'coordinated', 'beside a device the balloon skips silently and the data stays', 'attach(c0); convert(0+1,shared); touch(0); touch(1); balloon(0+2); read(0); read(1)', { ...negative, answers: { 5: 'inhibited', 6: '0 0xa1', 7: '0 0xa2' } }),
  balloon.written('data-survives-behind-a-viommu', 'coordinated', 'a device behind a vIOMMU inhibits the balloon as well', 'attach(c0); touch(0); balloon(0+1); read(0)', { ...negative, ...BEHIND, answers: { 3: 'inhibited', 4: '0 0xa1' } }),
  balloon.written('state-is-unchanged', 'coherent', 'a page given away is still shared for a device that comes later', 'convert(0+2,shared); touch(0); balloon(0+1); attach(c0); dma(c0,0,write); read(0)', { answers: { 5: '0 0xa2', 6: '0 0xa2' } }),

  cpr.written('keeps-what-is-mapped', 'consumers-see', 'a remap maps what was mapped before', 'attach(c0); convert(0+3,shared); touch(1); cpr(c0); dma(c0,1,read); convert(1+1,private); dma(c0,0,write)', { answers: { 4: '0', 5: '0 0xa1', 7: '0 0xa2' } }),
  cpr.written('then-taken-back', 'legal-calls', 'what a remap mapped is unmapped as if nothing had happened', 'attach(c0); convert(0+8,shared); cpr(c0); convert(2+4,private); detach(c0)', { answers: { 3: '0', 4: '0' } }),
  cpr.written('plugged-and-shared', 'consumers-see', 'a remap maps what is plugged and shared', 'attach(c0); plug(m0,0+1); convert(3+9,shared); cpr(c0); dma(c0,5,write); dma(c0,8,read)', { ...VMEM, answers: { 5: '0 0xa1', 6: '-EFAULT' } }),
  cpr.written('maps-nothing-private', 'consumers-see', 'a remap maps no private page', 'attach(c0); touch(0); convert(1+1,shared); cpr(c0); dma(c0,0,read)', { ...negative, answers: { 5: '-EFAULT' } }),
  cpr.written('refused-remap-loses-the-device', 'hotplug', 'a refused remap leaves the VMM without the device and its count', 'attach(c0); convert(0+4,shared); refuse(c0,map,2,ENOMEM); cpr(c0); heal; attach(c0); dma(c0,3,write)', { ...negative, answers: { 4: '-ENOMEM, detached', 6: '0', 7: '0 0xa1' } }),
  cpr.written('waits-for-a-migration', 'consumers-see', 'no remap is made while a migration runs', 'attach(c0); migrate(start); cpr(c0); migrate(finish); cpr(c0)', { ...negative, answers: { 3: '-EBUSY', 5: '0' } }),
];
