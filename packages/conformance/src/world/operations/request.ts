// SPDX-License-Identifier: MIT
/**
 * One conversion request as an exit carries it to the VMM: bytes of guest physical address space, uncut, right or
 * wrong. `convert` is the same for a guest that knows its memory map and cuts its requests where it has to.
 *
 * What the guest asked for are the pages of blocks with guest_memfd that a section shows inside the range; only they
 * are in transit, and whatever else a design changes is judged as something nobody asked for. Parts of a request that
 * were done before another part was refused stay done, and the retry of the whole request completes them.
 */
import { ERRNO, PAGE_BYTES, type Side, type Status, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { PositionRun } from '../../judge/judge.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { settle } from './settle.ts';

/** Half-open range of guest physical address space; the size is the guest's, and may be anything. */
export interface ByteRange {
  readonly startBytes: bigint;
  readonly sizeBytes: bigint;
}

const PAGE = BigInt(PAGE_BYTES);

export function request(machine: Machine, operation: Extract<Operation, { op: 'request' }>): Answer {
  const bytes = { startBytes: BigInt(operation.address), sizeBytes: BigInt(operation.size) };
  return statusText(requestConversion(machine, bytes, operation.to, operation));
}

/** Carries one request out and lets the judge look at it; `retried` is what the guest repeats when it is refused. */
export function requestConversion(machine: Machine, bytes: ByteRange, to: Side, retried: Operation): Status {
  const endBytes = bytes.startBytes + bytes.sizeBytes;
  const before = machine.begin('convert', askedRuns(machine, bytes.startBytes / PAGE, endBytes / PAGE), to);
  const { status, done } = passOn(machine, bytes, to);
  const mayRetry = status === -ERRNO.EAGAIN;
  const isMalformed = status === -ERRNO.EINVAL && !isWellFormed(machine, bytes, to);
  machine.wasMalformed = isMalformed;
  settle(machine, retried, { answer: statusText(status), succeeded: status === 0, mayRetry, before, done, isMalformed });
  if (status !== 0 && !mayRetry && !isMalformed && machine.stopsOnRefusal()) machine.stop();
  return status;
}

/** Hands the request to the VMM, and notes which pages the parts before a refusal name. */
function passOn(machine: Machine, bytes: ByteRange, to: Side): { status: Status; done: readonly PositionRun[] } {
  const { memory, instance, strategy } = machine;
  const done: PositionRun[] = [];
  const convert: typeof instance.convert = (part, side) => {
    const status = instance.convert(part, side);
    if (status === 0) done.push(...askedRuns(machine, BigInt(part.gfns.firstGfn), BigInt(part.gfns.endGfn)));
    return status;
  };
  const { startBytes, sizeBytes } = bytes;
  const status = machine.convertMemory(memory, { convert }, strategy.requestPath, startBytes, sizeBytes, to);
  return { status, done };
}

/** The positions that a guest names by guest pages: shown now, and able to change sides. */
function askedRuns({ layout, memory }: Machine, firstGfn: bigint, endGfn: bigint): PositionRun[] {
  const runs: PositionRun[] = [];
  // Page numbers of 64-bit addresses are exact as numbers.
  layout.forEachRunOfGfns(Number(firstGfn), Number(endGfn), ({ section }, first, end) => {
    if (section.block.hasGuestMemfd && memory.addressSpace.sections.includes(section)) runs.push({ first, end });
  });
  return runs;
}

/**
 * Whether a guest that knows its memory map could send this: whole pages, some, no wrap, nothing in it that cannot
 * change sides, and to private only what is there. Holes may be shared: firmware does so with MMIO.
 */
function isWellFormed({ memory }: Machine, { startBytes, sizeBytes }: ByteRange, to: Side): boolean {
  const endBytes = startBytes + sizeBytes;
  if (startBytes % PAGE !== 0n || sizeBytes % PAGE !== 0n || sizeBytes === 0n || endBytes > 1n << 64n) return false;
  let coveredBytes = 0n;
  for (const { block, firstGfn, pageCount } of memory.addressSpace.sections) {
    const sectionStart = BigInt(firstGfn) * PAGE;
    const sectionEnd = sectionStart + BigInt(pageCount) * PAGE;
    const first = sectionStart > startBytes ? sectionStart : startBytes;
    const end = sectionEnd < endBytes ? sectionEnd : endBytes;
    if (first >= end) continue;
    if (!block.hasGuestMemfd) return false;
    coveredBytes += end - first;
  }
  return to === 'shared' || coveredBytes === sizeBytes;
}
