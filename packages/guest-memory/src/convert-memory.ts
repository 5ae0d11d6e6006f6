// SPDX-License-Identifier: MIT
/**
 * The path of a guest's conversion request from the exit (KVM_HC_MAP_GPA_RANGE or a memory fault) to the strategy.
 *
 * `first-section` is kvm_convert_memory as QEMU 10.2.2 accel/kvm/kvm-all.c has it: the first section that overlaps the
 * request is found, and the request goes on unclipped. A request that runs over the end of a section therefore names
 * block pages that the section does not show, and one that starts in a hole is shifted (both observed on 11.1.3). Only
 * alignment and emptiness are checked: a range that wraps 2^64 is looked up like any other, and KVM refuses it.
 * `per-section` checks the whole request first and then hands over one clipped part per section, ascending; a refusal
 * ends the walk, parts before it stay converted, and a retry completes them.
 *
 * Not covered: MMIO (a hole here), the exits themselves, pre-faulting after success.
 */
import type { GuestMemory } from './guest-memory.ts';
import { PAGE_BYTES, type Side } from './page.ts';
import type { ConversionRequest, Instance } from './ports/instance.ts';
import type { Strategy } from './ports/strategy.ts';
import type { Section } from './section.ts';
import { ERRNO, type Status } from './status.ts';

export function convertMemory(
  memory: GuestMemory,
  instance: Pick<Instance, 'convert'>,
  requestPath: Strategy['requestPath'],
  startBytes: bigint,
  sizeBytes: bigint,
  to: Side,
): Status {
  const pageBytes = BigInt(PAGE_BYTES);
  if (startBytes % pageBytes !== 0n || sizeBytes % pageBytes !== 0n || sizeBytes <= 0n) return -ERRNO.EINVAL;
  const endBytes = startBytes + sizeBytes;
  const wraps = endBytes > 1n << 64n;
  if (startBytes < 0n || (wraps && requestPath === 'per-section')) return -ERRNO.EINVAL;
  const firstGfn = Number(startBytes / pageBytes);
  const endGfn = Number(endBytes / pageBytes);
  return requestPath === 'first-section'
    ? convertFirstSection(memory, instance, firstGfn, endGfn, to)
    : convertPerSection(memory, instance, firstGfn, endGfn, to);
}

function convertFirstSection(
  memory: GuestMemory,
  instance: Pick<Instance, 'convert'>,
  firstGfn: number,
  endGfn: number,
  to: Side,
): Status {
  const section = memory.addressSpace.firstOverlap(firstGfn, endGfn);
  // OVMF and TDX guests share MMIO holes on purpose; nothing is there to do.
  if (section === undefined) return to === 'shared' ? 0 : -ERRNO.EINVAL;
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
    const shift = section.firstPage - section.firstGfn;
    const pages = { block: section.block, firstPage: first + shift, endPage: end + shift };
    parts.push({ pages, gfns: { firstGfn: first, endGfn: end } });
  }
  return parts;
}
