// SPDX-License-Identifier: MIT
/**
 * QEMU's DMA-mapping limit check when a RamDiscardListener is registered: could the container run out of mappings if
 * every granule of every managed section were mapped, with the other memslots on top?
 * Source: QEMU 10.2.2 hw/vfio/listener.c, vfio_ram_discard_register_listener; 10.0 only warned.
 */

export interface AdmissionQuestion {
  /** Pages of each managed section the container follows, with the granule it is mapped in. */
  readonly sections: readonly { readonly firstGfn: number; readonly pageCount: number }[];
  readonly granulePages: number;
  /** KVM_CAP_NR_MEMSLOTS; 512 without KVM. */
  readonly memslotCount: number;
  /** 0: the container has no limit (iommufd) and nothing is checked. */
  readonly dmaMaxMappings: number;
}

export interface AdmissionAnswer {
  readonly admitted: boolean;
  /** Worst case: mappings of managed sections, plus memslots that are not one of them. */
  readonly worstCaseMappings: number;
}

export function checkAdmission(question: AdmissionQuestion): AdmissionAnswer {
  const { sections, granulePages, memslotCount, dmaMaxMappings } = question;
  let chunkCount = 0;
  for (const { firstGfn, pageCount } of sections) {
    chunkCount += Math.ceil((firstGfn + pageCount) / granulePages) - Math.floor(firstGfn / granulePages);
  }
  const worstCaseMappings = chunkCount + memslotCount - sections.length;
  return { admitted: dmaMaxMappings === 0 || worstCaseMappings <= dmaMaxMappings, worstCaseMappings };
}
