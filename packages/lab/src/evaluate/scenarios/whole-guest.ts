// SPDX-License-Identifier: MIT
/**
 * The RFC's figure: a guest of 16 GiB, all of it mapped page by page, needs 4,194,304 entries. Asked of the kernel
 * models alone, without a guest: every page leads to one and the same frame, since only the counting matters here.
 */
import type { WorldBackend } from '@sda-lab/conformance';
import { FrameTable, statusText } from '@sda-lab/guest-memory';
import { createContainer, type KernelMemory } from '@sda-lab/vfio-mock';
import type { WholeGuest } from '../scenario-schemas.ts';

/** 16 GiB of 4 KiB pages. */
export const WHOLE_GUEST_PAGES = 4_194_304;
/** As QEMU lays a large x86 guest out: 2 GiB below 4 GiB, the rest from there on; so no page lies in the MSI window. */
export const WHOLE_GUEST_SECTIONS = [
  { firstGfn: 0, pageCount: 0x80000 },
  { firstGfn: 0x100000, pageCount: WHOLE_GUEST_PAGES - 0x80000 },
] as const;
export const DEFAULT_ENTRY_LIMIT = 65_535;

export function runWholeGuest(): WholeGuest {
  return {
    pages: WHOLE_GUEST_PAGES,
    rows: [
      mapAll('type1v2', DEFAULT_ENTRY_LIMIT),
      mapAll('type1v2', WHOLE_GUEST_PAGES - 1),
      mapAll('type1v2', WHOLE_GUEST_PAGES),
      mapAll('iommufd', null),
    ],
  };
}

function mapAll(backend: WorldBackend, limit: number | null): WholeGuest['rows'][number] {
  const options = limit === null ? {} : { dmaEntryLimit: limit };
  const container = createContainer(backend, { memory: oneFrameMemory(), ...options });
  let status = 0;
  let hostPage = 0;
  for (const { firstGfn, pageCount } of WHOLE_GUEST_SECTIONS) {
    if (status !== 0) break;
    status = container.mapPages(firstGfn, hostPage, pageCount, 1, true);
    hostPage += pageCount;
  }
  return {
    backend,
    limit,
    mapped: container.mappingCount,
    lastAnswer: statusText(status),
    bookkeepingBytes: container.costs.peakBookkeepingBytes,
  };
}

function oneFrameMemory(): KernelMemory {
  const frames = new FrameTable();
  const frame = frames.allocate('shared');
  return {
    frames,
    pinPage: () => {
      frames.pin(frame);
      return frame;
    },
    peekPage: () => frame,
  };
}
