// SPDX-License-Identifier: MIT
/**
 * The part of a conversion request's path that works in pages: `convert-memory.ts` without the bytes of the exit, for
 * callers whose ranges are whole pages, at least one, below 2^64 bytes.
 */
import type { GuestMemory } from './guest-memory.ts';
import type { Side } from './page.ts';
import type { ConversionRequest, Instance } from './ports/instance.ts';
import type { Strategy } from './ports/strategy.ts';
import type { Section } from './section.ts';
import { ERRNO, type Status } from './status.ts';

export function convertPages(
  memory: GuestMemory,
  instance: Pick<Instance, 'convert'>,
  requestPath: Strategy['requestPath'],
  firstGfn: number,
  endGfn: number,
  to: Side,
): Status {
  const section = memory.addressSpace.firstOverlap(firstGfn, endGfn);
  // OVMF and TDX guests share MMIO holes on purpose; nothing is there to do.
  if (section === undefined) return to === 'shared' ? 0 : -ERRNO.EINVAL;
  if (requestPath === 'first-section') return convertFirstSection(section, instance, firstGfn, endGfn, to);
  if (firstGfn < section.firstGfn || endGfn > section.firstGfn + section.pageCount) {
    return convertPerSection(memory, instance, firstGfn, endGfn, to);
  }
  return section.block.hasGuestMemfd ? instance.convert(partOf(section, firstGfn, endGfn), to) : -ERRNO.EINVAL;
}

function convertFirstSection(
  section: Section,
  instance: Pick<Instance, 'convert'>,
  firstGfn: number,
  endGfn: number,
  to: Side,
): Status {
  if (!section.block.hasGuestMemfd) return -ERRNO.EINVAL;
  const firstPage = section.firstPage + Math.max(0, firstGfn - section.firstGfn);
  const endPage = firstPage + (endGfn - firstGfn);
  return instance.convert(
    { pages: { block: section.block, firstPage, endPage }, gfns: { firstGfn, endGfn } },
    to,
  );
}

function convertPerSection(
  memory: GuestMemory,
  instance: Pick<Instance, 'convert'>,
  firstGfn: number,
  endGfn: number,
  to: Side,
): Status {
  const parts = partsOf(memory.addressSpace.sections, firstGfn, endGfn);
  if (parts.some(({ pages }) => !pages.block.hasGuestMemfd)) return -ERRNO.EINVAL;
  const coveredCount = parts.reduce((sum, { gfns }) => sum + gfns.endGfn - gfns.firstGfn, 0);
  if (to === 'private' && coveredCount !== endGfn - firstGfn) return -ERRNO.EINVAL;
  for (const part of parts) {
    const status = instance.convert(part, to);
    if (status !== 0) return status;
  }
  return 0;
}

/** The request cut at section borders, ascending; holes are left out. */
function partsOf(sections: readonly Section[], firstGfn: number, endGfn: number): ConversionRequest[] {
  const parts: ConversionRequest[] = [];
  for (const section of sections) {
    const first = Math.max(firstGfn, section.firstGfn);
    const end = Math.min(endGfn, section.firstGfn + section.pageCount);
    if (first >= end) continue;
    parts.push(partOf(section, first, end));
  }
  return parts;
}

/** Guest pages that a section shows, with the block's pages behind them. */
function partOf({ block, firstPage, firstGfn: sectionGfn }: Section, firstGfn: number, endGfn: number): ConversionRequest {
  const shift = firstPage - sectionGfn;
  return { pages: { block, firstPage: firstGfn + shift, endPage: endGfn + shift }, gfns: { firstGfn, endGfn } };
}
