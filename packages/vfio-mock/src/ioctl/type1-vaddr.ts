// SPDX-License-Identifier: MIT
/**
 * The VADDR flags of type1: the process hands over its memory to a new image of itself. Unmap with VADDR declares
 * addresses invalid while DMA goes on; map with VADDR gives the new one. Nothing is pinned or unpinned.
 * Source: Linux 7.2.13 vfio_iommu_type1.c. Not covered: another mm taking over the charge.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { mappingFirst, type PageRecord, VADDR_INVALID } from '../_internals/page-record.ts';
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
  if (hasInvalid(container, decision.first, decision.end)) {
    return { status: container.refuseUnmap(-ERRNO.EINVAL), pages: 0 };
  }
  const { records } = container;
  const marked: PageRecord[] = [];
  records.removeRange(decision.first, decision.end, { removed: (record) => marked.push({ ...record }) });
  let pages = 0;
  for (const { first: at, count, granule, host, flags, shared } of marked) {
    pages += count;
    records.insert(at, count, granule, host, flags | VADDR_INVALID, shared);
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
  if ((record.flags & VADDR_INVALID) === 0 || !isExact) return container.refuseMap(-ERRNO.EINVAL);
  const { flags, shared } = record;
  records.removeRange(first, first + count);
  records.insert(first, count, count, Number(vaddr / PAGE), flags & ~VADDR_INVALID, shared);
  container.passMap();
  return 0;
}

function hasInvalid(container: PageContainer, first: number, end: number): boolean {
  let isInvalid = false;
  container.records.forEach(first, end, ({ flags }) => {
    isInvalid ||= (flags & VADDR_INVALID) !== 0;
  });
  return isInvalid;
}
