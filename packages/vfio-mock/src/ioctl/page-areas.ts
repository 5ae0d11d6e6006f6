// SPDX-License-Identifier: MIT
/** Areas of an IOAS stored in the page container: the byte rules of the ioctl door over the pages of the hot door. */
import { assert, ERRNO, type Status } from '@sda-lab/guest-memory';
import { CHARGED_TO_USER, mappingEnd, mappingFirst, type SharedPart, WRITE } from '../_internals/page-record.ts';
import { SharedPages } from '../_internals/shared-pages.ts';
import { type Geometry, type IovaRange, PAGE, PAGES_END } from '../geometry.ts';
import type { MapSource, PageContainer } from '../page-container.ts';
import type { AreaSlice, AreaSpace, ByteSource } from './area-space.ts';

/** Files have page numbers above all process memory, so that the two never adjoin. */
const FILE_HOST_PAGES = PAGES_END;

interface PageSlice extends AreaSlice {
  readonly container: PageContainer;
  /** First page of the slice in the source; whole pages unless the copy is off the grid and refused for it. */
  readonly iovaPage: number;
}

export class PageAreas implements AreaSpace {
  readonly #container: PageContainer;

  constructor(container: PageContainer) {
    this.#container = container;
  }

  get hasAreas(): boolean {
    return this.#container.mappingCount > 0;
  }

  /** Whole pages suit every alignment an IOAS may have. */
  isAligned(): boolean {
    return true;
  }

  *used(first: bigint, last: bigint): Iterable<IovaRange> {
    const { records } = this.#container;
    const from = Number(first / PAGE);
    const end = Number(last / PAGE) + 1;
    for (let record = records.from(from); record !== undefined && record.first < end; ) {
      const start = BigInt(record.first) * PAGE;
      const next = record.first + record.count;
      yield { start, last: start + BigInt(record.count) * PAGE - 1n };
      record = records.from(next);
    }
  }

  map(
    iova: bigint,
    length: bigint,
    rights: number,
    source: ByteSource,
    driverStatus: Status,
  ): Status {
    const { memory } = this.#container;
    const count = Number(length / PAGE);
    const iovaPage = Number(iova / PAGE);
    if (source.kind === 'user') {
      return this.#container.mapMapping(iovaPage, Number(source.va / PAGE), count, rights, {
        driverStatus,
      });
    }
    const { fd } = source;
    const filePage = Number(source.start / PAGE);
    const pinPage = (index: number): number =>
      memory.pinFilePage?.(fd, filePage + index, filePage + count) ?? -ERRNO.EINVAL;
    const mapSource: MapSource = { pinPage, driverStatus };
    return this.#container.mapMapping(iovaPage, FILE_HOST_PAGES + filePage, count, rights, mapSource);
  }

  unmap(first: bigint, last: bigint): { readonly status: Status; readonly bytes: bigint } {
    const status = this.#container.unmapRequest({
      touchFirst: Number(first / PAGE),
      touchEnd: Number(last / PAGE) + 1,
      insideFirst: Number((first + PAGE - 1n) / PAGE),
      insideEnd: Number((last + 1n) / PAGE),
    });
    return { status, bytes: BigInt(this.#container.unmappedPages) * PAGE };
  }

  unmapAll(): bigint {
    return BigInt(this.#container.unmapAll()) * PAGE;
  }

  refuseMap(status: Status): Status {
    return this.#container.refuseMap(status);
  }

  refuseUnmap(status: Status): Status {
    return this.#container.refuseUnmap(status);
  }

  slices(first: bigint, last: bigint): readonly AreaSlice[] | undefined {
    const slices: PageSlice[] = [];
    for (let at = first; at <= last; ) {
      const iovaPage = Number(at / PAGE);
      const record = this.#container.records.at(iovaPage);
      if (record === undefined) return undefined;
      const areaEnd = BigInt(mappingEnd(record, iovaPage)) * PAGE;
      const stop = areaEnd <= last ? areaEnd : last + 1n;
      const host = (record.host + iovaPage - record.first) % FILE_HOST_PAGES;
      slices.push({
        container: this.#container,
        iovaPage,
        length: stop - at,
        address: BigInt(host) * PAGE + (at % PAGE),
        writable: record.shared?.pagesWritable ?? (record.flags & WRITE) !== 0,
      });
      at = stop;
    }
    return slices;
  }

  adopt(iova: bigint, slices: readonly AreaSlice[], rights: number): Status {
    const target = this.#container;
    let first = Number(iova / PAGE);
    for (const { container, iovaPage, length, address, writable } of slices as readonly PageSlice[]) {
      assert(container.memory === target.memory, 'a copy stays in one process');
      assert(length % PAGE === 0n && address % PAGE === 0n, 'a copy that passed its checks is whole pages');
      const count = Number(length / PAGE);
      const { host, charged, shared } = sharedPart(container, iovaPage);
      shared.pages.share(shared.at, count);
      for (let page = 0; page < count; page += 1) {
        target.frames.set(first + page, container.frames.get(iovaPage + page));
      }
      target.adopt(first, count, count, host, rights | charged, { ...shared, pagesWritable: writable });
      target.observer?.onMapped(first, count, count, (rights & WRITE) !== 0);
      first += count;
    }
    return 0;
  }

  attach(_geometry: Geometry): Status {
    return -ERRNO.EINVAL;
  }

  detach(): void {
    this.#container.close();
  }
}

/** What lies behind a page, as pages that can be shared: the mapping over it becomes a record of its own. */
function sharedPart(
  { records }: PageContainer,
  page: number,
): { readonly host: number; readonly charged: number; readonly shared: SharedPart } {
  const record = records.at(page);
  assert(record !== undefined, 'a slice lies in a mapping');
  const first = mappingFirst(record, page);
  const { granule, flags } = record;
  const host = record.host + first - record.first;
  let { shared } = record;
  if (shared === undefined) {
    shared = { pages: new SharedPages(granule), at: 0 };
    records.removeRange(first, first + granule);
    records.insert(first, granule, granule, host, flags, shared);
  }
  const skipped = page - first;
  return { host: host + skipped, charged: flags & CHARGED_TO_USER, shared: { ...shared, at: shared.at + skipped } };
}
