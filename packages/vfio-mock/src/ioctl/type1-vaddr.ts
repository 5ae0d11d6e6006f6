// SPDX-License-Identifier: MIT
/**
 * The VADDR flags of type1: the process hands over its memory to a new image of itself. Unmap with VADDR declares
 * addresses invalid while DMA goes on; map with VADDR gives the new one. Nothing is pinned or unpinned.
 * Source: Linux 7.2.13 vfio_iommu_type1.c. Not covered: another mm taking over the charge.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { mappingFirst, type PageRecord } from '../_internals/page-records.ts';
import { PAGE } from '../geometry.ts';
import type { PageContainer } from '../page-container.ts';

/** Marks every mapping the unmap rule would remove; all or none. */
export function invalidateVaddr(
  container: PageContainer,
  first: number,
  end: number,
): { readonly status: Status; readonly pages: number } {
  const request = { touchFirst: first, touchEnd: end, insideFirst: first, insideEnd: end };
  const decision = container.decideUnmap(request);
  if (decision.status !== 0) return { status: container.refuseUnmap(decision.status), pages: 0 };
  const { records } = container;
  const marked = recordsIn(container, decision.first, decision.end);
  if (marked.some(({ vaddrInvalid }) => vaddrInvalid)) {
    return { status: container.refuseUnmap(-ERRNO.EINVAL), pages: 0 };
  }
  let pages = 0;
  for (const record of records.removeRange(decision.first, decision.end)) {
    pages += record.count;
    records.insert({ ...record, vaddrInvalid: true });
  }
  container.passUnmap();
  return { status: 0, pages };
}

/** A mapping declared invalid gets its new address; it must be named exactly. */
export function restoreVaddr(
  container: PageContainer,
  iova: bigint,
  vaddr: bigint,
  size: bigint,
): Status {
  const { records } = container;
  const first = Number(iova / PAGE);
  const count = Number(size / PAGE);
  const found = records.nextMapped(first, first + count);
  if (found >= first + count) return container.refuseMap(-ERRNO.ENOENT);
  const record = records.at(found)!;
  const isExact = mappingFirst(record, found) === first && record.granule === count;
  if (!record.vaddrInvalid || !isExact) return container.refuseMap(-ERRNO.EINVAL);
  const [mapping] = records.removeRange(first, first + count);
  records.insert({ ...mapping!, host: Number(vaddr / PAGE), vaddrInvalid: false });
  container.passMap();
  return 0;
}

function recordsIn(container: PageContainer, first: number, end: number): readonly PageRecord[] {
  const { records } = container;
  return records.all.slice(records.indexFrom(first)).filter((record) => record.first < end);
}
