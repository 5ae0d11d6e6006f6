// SPDX-License-Identifier: MIT
/**
 * QEMU's limit check at attach, by version: the worst case is every page of the guest mapped alone, plus the memslots
 * that are not among its sections. 10.0 warns when that exceeds the limit, 10.1 and later refuse the device.
 */
import type { WorldBackend } from '@sda-lab/conformance';
import { checkAdmission } from '@sda-lab/vfio-mock';
import type { Admission } from '../scenario-schemas.ts';
import { DEFAULT_ENTRY_LIMIT, WHOLE_GUEST_PAGES, WHOLE_GUEST_SECTIONS } from './whole-guest.ts';

/** KVM_CAP_NR_MEMSLOTS on x86. */
export const MEMSLOTS = 32_764;

type Sections = readonly { readonly firstGfn: number; readonly pageCount: number }[];

export function runAdmission(): Admission {
  const limits = [DEFAULT_ENTRY_LIMIT, WHOLE_GUEST_PAGES, WHOLE_GUEST_PAGES + MEMSLOTS];
  return {
    pages: WHOLE_GUEST_PAGES,
    memslots: MEMSLOTS,
    worstCase: ask(WHOLE_GUEST_SECTIONS, 0).worstCaseMappings,
    rows: [...limits.map((limit) => row('type1v2', limit)), row('iommufd', null)],
    defaultLimit: DEFAULT_ENTRY_LIMIT,
    largestAdmittedPages: largestAdmitted(DEFAULT_ENTRY_LIMIT),
  };
}

function row(backend: WorldBackend, limit: number | null): Admission['rows'][number] {
  const { admitted } = ask(WHOLE_GUEST_SECTIONS, limit ?? 0);
  return {
    backend,
    limit,
    admitted,
    qemu100: admitted ? 'attaches' : 'warns and attaches',
    qemu101: admitted ? 'attaches' : 'refuses the device',
  };
}

function ask(sections: Sections, dmaMaxMappings: number): ReturnType<typeof checkAdmission> {
  return checkAdmission({ sections, granulePages: 1, memslotCount: MEMSLOTS, dmaMaxMappings });
}

/** Pages of the largest guest, with one section from page 0, that fits; found by halving. */
function largestAdmitted(limit: number): number {
  let fits = 0;
  let tooLarge = limit + 2;
  while (tooLarge - fits > 1) {
    const pageCount = Math.floor((fits + tooLarge) / 2);
    if (ask([{ firstGfn: 0, pageCount }], limit).admitted) fits = pageCount;
    else tooLarge = pageCount;
  }
  return fits;
}
