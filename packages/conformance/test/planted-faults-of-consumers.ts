// SPDX-License-Identifier: MIT
import { OVER, type PlantedFault } from './planted-fault.ts';
import * as consumer from './strategies/consumer-faults.ts';
import * as state from './strategies/state-faults.ts';

const HYPOTHETICAL = ' (Hypothetical: c0 maps private guest_memfd, as SEV-TIO would; no released kernel does.)';

/** About containers of other kinds: mixed backends, IOMMU pages, vIOMMU, TDISP. */
const OTHER_CONTAINERS: readonly PlantedFault[] = [
  {
    name: 'a design that serves one backend only leaves the other without mappings',
    strategy: consumer.skipsStrictServers,
    line: 'world(containers=c0:type1v2,c1:vfio-user-strict); attach(c0); attach(c1); convert(0+2,shared)',
    caughtBy: 'mixed/strict-server',
    falls: 'complete',
    at: 2,
    evidence: { reason: 'not-mapped', container: 'c1', position: 0 },
    words:
      'Let operation 3, convert(0+2,shared), be done. Then page 0, plugged and shared, must be mapped in c1. ' +
      "However, c1 has no mapping of it: the device's accesses fail.",
    also: [],
  },
  {
    name: 'single pages where the IOMMU has larger ones are a call it must refuse',
    strategy: consumer.ignoresPageSizes,
    line: 'world(containers=c0:type1v2/2); convert(0+2,shared); attach(c0)',
    caughtBy: 'iommu-page/vmm-goes-on',
    falls: 'legal-calls',
    at: 1,
    evidence: { reason: 'illegal-call', container: 'c0', detail: '-EINVAL to map of guest pages 0x0+1' },
    words:
      'Let operation 2, attach(c0), be done. Then no call is made that the backend must refuse. ' +
      'However, c0 answered -EINVAL to map of guest pages 0x0+1.',
    also: [],
  },
  {
    name: 'a listener that asserts the granule ends the VMM',
    strategy: consumer.assertsPageSizes,
    line: 'world(containers=c0:iommufd/512); attach(c0)',
    caughtBy: 'iommu-page/attach-is-refused',
    falls: 'nonfatal',
    at: 0,
    evidence: { reason: 'vmm-ended', detail: 'assertion failed: granularity >= smallest IOMMU page (hw/vfio/listener.c)' },
    words:
      'Let operation 1, attach(c0), be done. Then nothing a guest or a refused call does ends the VMM. ' +
      'However, it ended: assertion failed: granularity >= smallest IOMMU page (hw/vfio/listener.c).',
    also: [],
  },
  {
    name: 'a vIOMMU that may map unplugged pages brings their memory back',
    strategy: consumer.translatesEverything,
    line: 'world(containers=c0:iommufd+viommu, pages=2, vmem=1x2); attach(c0); viommu-map(c0,5,2+1)',
    caughtBy: 'viommu/unplugged-page-is-refused',
    falls: 'consumers-see',
    at: 1,
    evidence: { reason: 'viommu-accepted', container: 'c0', position: 2, detail: 'IOVA page 0x5' },
    words:
      'Let operation 2, viommu-map(c0,5,2+1), be done. Then the vIOMMU of c0 refuses page 2, which no device may reach. ' +
      'However, it was mapped at IOVA page 0x5.',
    also: ['bounded'],
  },
  {
    name: 'a vIOMMU that may map nothing leaves its device without memory',
    strategy: consumer.translatesNothing,
    line: 'world(containers=c0:type1v2+viommu); attach(c0); convert(0+1,shared); viommu-map(c0,5,0+1)',
    caughtBy: 'viommu/shared-page',
    falls: 'consumers-see',
    at: 2,
    evidence: { reason: 'viommu-refused', container: 'c0', position: 0, detail: 'IOVA page 0x5' },
    words:
      'Let operation 3, viommu-map(c0,5,0+1), be done. Then the vIOMMU of c0 may map page 0, which is plugged and shared. ' +
      'However, the mapping at IOVA page 0x5 was refused as of discarded memory, and nobody makes it later.',
    also: [],
  },
  {
    name: 'a TDISP device that gets shared pages only is not served as declared',
    strategy: consumer.mapsSharedOnly,
    line: 'world(containers=c0:iommufd+tdisp, tee=snp); attach(c0)',
    caughtBy: 'tdisp/private-page-is-reached',
    falls: 'complete',
    at: 0,
    evidence: { reason: 'private-not-mapped', container: 'c0', position: 0 },
    words:
      'Let operation 1, attach(c0), be done. Then page 0, plugged and private, must be mapped in c0 on its private side. ' +
      `However, c0 has no mapping of it: the TDISP device's accesses fail.${HYPOTHETICAL}`,
    also: ['hotplug'],
  },
  {
    name: 'a TDISP device left on the private side of a shared page reaches what is no page any more',
    strategy: consumer.keepsPrivateMappings,
    line: 'world(containers=c0:iommufd+tdisp, tee=snp); attach(c0); convert(0+1,shared)',
    caughtBy: 'tdisp/follows-the-side',
    falls: 'isolated',
    at: 1,
    evidence: { reason: 'private-frame-reached', container: 'c0', position: 0, deviceFrame: 1 },
    words:
      'Let operation 2, convert(0+1,shared), be done. Then no device may reach a frame that holds private data. ' +
      'However, c0 leads page 0 to frame 1, which is private. On SEV-SNP the RMP refuses such an access and the IOMMU logs ' +
      `a fault.${HYPOTHETICAL}`,
    also: ['coherent', 'bounded', 'hotplug'],
  },
];

/** About copies of the guest: migration, dirty tracking, the restored guest, dump; and the remap. */
const COPIES: readonly PlantedFault[] = [
  {
    name: 'a migration that is not shown private pages loses their data',
    strategy: state.dropsPrivate,
    line: 'touch(0); convert(1+1,shared); migrate(start); migrate(finish)',
    caughtBy: 'migration/holds-private-data',
    falls: 'consumers-see',
    reach: 'latent',
    at: 3,
    evidence: { reason: 'wrong-copy', position: 0, detail: 'migration: it was left out as if it were discarded', heldValue: 0, owedValue: 0xa1 },
    words:
      'Let operation 4, migrate(finish), be done. Then the restored guest holds 0xa1 at page 0, as the guest does. ' +
      'However, it holds 0x0: it was left out as if it were discarded.',
    also: [],
  },
  {
    name: 'a migration that reads private pages as plain RAM sends zeros',
    strategy: state.callsAllShared,
    line: 'touch(0); migrate(start)',
    caughtBy: 'migration/holds-private-data',
    falls: 'consumers-see',
    reach: 'latent',
    at: 2,
    evidence: { reason: 'wrong-copy', position: 0, detail: 'migration: it was shown as shared and read from that side', heldValue: 0, owedValue: 0xa1 },
    words:
      `${OVER} Then the restored guest holds 0xa1 at page 0, as the guest does. ` +
      'However, it holds 0x0: it was shown as shared and read from that side.',
    also: [],
  },
  {
    name: 'a page that is not shown again keeps the value it had at the start',
    strategy: consumer.sendsOnce,
    line: 'touch(0); migrate(start); touch(0); migrate(finish)',
    caughtBy: 'migration/write-is-sent-again',
    falls: 'consumers-see',
    reach: 'latent',
    at: 3,
    evidence: { reason: 'wrong-copy', position: 0, detail: 'migration: it was left out when it was to be sent again', heldValue: 0xa1, owedValue: 0xa2 },
    words:
      'Let operation 4, migrate(finish), be done. Then the restored guest holds 0xa2 at page 0, as the guest does. ' +
      'However, it holds 0xa1: it was left out when it was to be sent again.',
    also: [],
  },
  {
    name: 'a device write that dirty tracking is not asked about is lost',
    strategy: consumer.hidesMappings,
    line: 'attach(c0); convert(0+2,shared); migrate(start); dma(c0,1,write); migrate(finish)',
    caughtBy: 'dirty-sync/device-write-is-sent-again',
    falls: 'consumers-see',
    reach: 'latent',
    at: 4,
    evidence: { reason: 'wrong-copy', position: 1, detail: 'migration: dirty tracking was not asked about what a device wrote', heldValue: 0, owedValue: 0xa1 },
    words:
      'Let operation 5, migrate(finish), be done. Then the restored guest holds 0xa1 at page 1, as the guest does. ' +
      'However, it holds 0x0: dirty tracking was not asked about what a device wrote.',
    also: [],
  },
  {
    name: 'a dirty query over pages that are not mapped is one too many',
    strategy: consumer.asksEverywhere,
    line: 'attach(c0); convert(0+2,shared); migrate(start); migrate(finish)',
    caughtBy: 'dirty-sync/private-is-not-asked',
    falls: 'consumers-see',
    reach: 'latent',
    at: 3,
    evidence: { reason: 'dirty-sync-differs', container: 'c0', position: 2, detail: 'asked about and not mapped' },
    words:
      'Let operation 4, migrate(finish), be done. Then dirty tracking of c0 is asked about exactly what is mapped. ' +
      'However, page 2 is asked about and not mapped.',
    also: [],
  },
  {
    name: 'a saved virtio-mem that is not heard of leaves the restored guest unmapped',
    strategy: consumer.forgetsSavedBlocks,
    line: 'world(pages=2, vmem=1x2); attach(c0); plug(m0,0+1); convert(2+1,shared); migrate(start); migrate(finish); migrate(load)',
    caughtBy: 'restored/plugged-and-shared',
    falls: 'consumers-see',
    reach: 'latent',
    at: 5,
    evidence: {
      reason: 'restored-guest-wrong',
      container: 'c0',
      position: 2,
      detail: "there (page 2) c0 has no mapping of it: the device's accesses fail (complete)",
    },
    words:
      'Let operation 6, migrate(load), be done. Then the restored guest is as right as the one it was copied from. ' +
      "However, there (page 2) c0 has no mapping of it: the device's accesses fail (complete).",
    also: [],
  },
  {
    name: 'a dump that is not shown private pages holds nothing there',
    strategy: state.dropsPrivate,
    line: 'touch(3); convert(0+1,shared); dump',
    caughtBy: 'dump/holds-private-data',
    falls: 'consumers-see',
    at: 2,
    evidence: { reason: 'wrong-copy', position: 3, detail: 'dump: it was left out as if it were discarded', owedValue: 0xa1 },
    words:
      'Let operation 3, dump, be done. Then the dump holds 0xa1 at page 3, as the guest does. ' +
      'However, it holds nothing: it was left out as if it were discarded.',
    also: [],
  },
  {
    name: 'runs without their addresses abort a dump',
    strategy: consumer.losesAddresses,
    line: 'convert(0+1,shared); dump',
    caughtBy: 'dump/ascending-across-4g',
    falls: 'nonfatal',
    at: 1,
    evidence: { reason: 'vmm-ended', detail: 'dump: guest addresses must ascend, and 0x0 follows 0x1' },
    words:
      'Let operation 2, dump, be done. Then nothing a guest or a refused call does ends the VMM. ' +
      'However, it ended: dump: guest addresses must ascend, and 0x0 follows 0x1.',
    also: [],
  },
  {
    name: 'a remap that is not shown a page leaves its device without it',
    strategy: consumer.remapsShort,
    line: 'attach(c0); convert(2+2,shared); cpr(c0)',
    caughtBy: 'cpr/then-taken-back',
    falls: 'consumers-see',
    reach: 'latent',
    at: 2,
    evidence: { reason: 'remap-differs', container: 'c0', position: 3, detail: 'mapped no more' },
    words: 'Let operation 3, cpr(c0), be done. Then a remap of c0 maps what was mapped before. However, page 3 is mapped no more.',
    also: ['complete'],
  },
];

export const CONSUMERS: readonly PlantedFault[] = [...OTHER_CONTAINERS, ...COPIES];
