// SPDX-License-Identifier: MIT
/**
 * The IOVA an IOAS chooses without FIXED_IOVA: lowest first fit in the holes of reserved ranges and areas, as aligned
 * as the length and the address allow (2 MiB at most), keeping the address's offset in its page. IOVA 0 and the last
 * page are never chosen.
 *
 * Source: Linux 7.2.13 drivers/iommu/iommufd/io_pagetable.c iopt_alloc_iova with transparent huge pages configured;
 * recordings selftest-iommufd-7.2own, mock-mapf-7.2own.
 */
import { ERRNO } from '@sda-lab/guest-memory';
import { type IovaRange, LAST_ADDRESS, PAGE } from '../geometry.ts';

const LARGEST_ALIGNMENT = 0x200000n;

export interface AllocationQuestion {
  /** Address the pages come from (user address or file offset). */
  readonly address: bigint;
  readonly length: bigint;
  /** The IOAS's own alignment. */
  readonly alignment: bigint;
  /** Ascending; empty means everything is allowed. */
  readonly allowed: readonly IovaRange[];
  readonly reserved: readonly IovaRange[];
  /** Areas that touch a range, ascending. */
  areas(first: bigint, last: bigint): Iterable<IovaRange>;
}

/** An IOVA, or a negated errno (no IOVA is negative). */
export function allocateIova(question: AllocationQuestion): bigint {
  const { address, length } = question;
  if (length === 0n || length >= LAST_ADDRESS / 2n) return BigInt(-ERRNO.EOVERFLOW);
  let alignment = roundUpToPowerOfTwo(length);
  const lowestBit = address & -address;
  if (address !== 0n && lowestBit < alignment) alignment = lowestBit;
  if (alignment > LARGEST_ALIGNMENT) alignment = LARGEST_ALIGNMENT;
  if (alignment < question.alignment) return BigInt(-ERRNO.EINVAL);
  const fit = (start: bigint, last: bigint): bigint | undefined =>
    fitInto(start, last, length, alignment, address % PAGE);

  for (const allowed of allowedStretches(question.allowed)) {
    const start = fit(allowed.start, allowed.last);
    if (start === undefined) continue;
    for (const hole of holes(question, start, allowed.last)) {
      const found = fit(hole.start, hole.last);
      if (found !== undefined) return found;
    }
  }
  return BigInt(-ERRNO.ENOSPC);
}

function fitInto(
  start: bigint,
  last: bigint,
  length: bigint,
  alignment: bigint,
  pageOffset: bigint,
): bigint | undefined {
  const rounded = start + alignment - 1n;
  if (rounded > LAST_ADDRESS) return undefined;
  const candidate = (rounded & ~(alignment - 1n)) | pageOffset;
  if (candidate >= last || last - candidate < length - 1n) return undefined;
  return candidate;
}

function allowedStretches(allowed: readonly IovaRange[]): IovaRange[] {
  const first = PAGE;
  const last = LAST_ADDRESS - PAGE;
  if (allowed.length === 0) return [{ start: first, last }];
  const stretches: { start: bigint; last: bigint }[] = [];
  for (const range of allowed) {
    const start = range.start > first ? range.start : first;
    const end = range.last < last ? range.last : last;
    const before = stretches.at(-1);
    if (before !== undefined && before.last + 1n === start) before.last = end;
    else if (start <= end) stretches.push({ start, last: end });
  }
  return stretches;
}

function* holes(question: AllocationQuestion, first: bigint, last: bigint): Iterable<IovaRange> {
  let next = first;
  for (const used of usedStretches(question, first, last)) {
    if (used.start > next) yield { start: next, last: used.start - 1n };
    if (used.last >= next) next = used.last + 1n;
    if (next > last) return;
  }
  yield { start: next, last };
}

/** Reserved ranges and areas together, ascending by start. */
function* usedStretches(question: AllocationQuestion, first: bigint, last: bigint): Iterable<IovaRange> {
  const reserved = question.reserved.filter((range) => range.last >= first && range.start <= last);
  let at = 0;
  for (const area of question.areas(first, last)) {
    for (; at < reserved.length && reserved[at]!.start <= area.start; at += 1) yield reserved[at]!;
    yield area;
  }
  yield* reserved.slice(at);
}

function roundUpToPowerOfTwo(value: bigint): bigint {
  return 1n << BigInt((value - 1n).toString(2).length - (value === 1n ? 1 : 0));
}
