// SPDX-License-Identifier: MIT
/**
 * One conversion request as an exit carries it to the VMM: bytes of guest physical address space, uncut, right or
 * wrong. `convert` is the same for a guest that knows its memory map and cuts its requests where it has to.
 *
 * What the guest asked for are the pages of blocks with guest_memfd that a section shows inside the range; only they
 * are in transit, and whatever else a design changes is judged as something nobody asked for. Parts of a request that
 * were done before another part was refused stay done, and the retry of the whole request completes them.
 */
import { convertMemory, convertPages, ERRNO, PAGE_BYTES, type Side, type Status, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { PositionRun } from '../../judge/judge.ts';
import { endOfGfns, firstOfGfns } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { RequestParts } from './request-parts.ts';
import { settle } from './settle.ts';

/** Half-open range of guest physical address space; the size is the guest's, and may be anything. */
export interface ByteRange {
  readonly startBytes: bigint;
  readonly sizeBytes: bigint;
}

const PAGE = BigInt(PAGE_BYTES);

export function request(machine: Machine, operation: Extract<Operation, { op: 'request' }>): Answer {
  const bytes = { startBytes: BigInt(operation.address), sizeBytes: BigInt(operation.size) };
  const endBytes = bytes.startBytes + bytes.sizeBytes;
  // Page numbers of 64-bit addresses are exact as numbers.
  const [firstGfn, endGfn] = [Number(bytes.startBytes / PAGE), Number(endBytes / PAGE)];
  const status = carryOut(machine, firstGfn, endGfn, operation.to, operation, bytes);
  return statusText(status);
}

/** A request for whole pages, at least one; `retried` is what the guest repeats when it is refused. */
export function requestPages(machine: Machine, firstGfn: number, endGfn: number, to: Side, retried: Operation): Status {
  return carryOut(machine, firstGfn, endGfn, to, retried, undefined);
}

/** Carries one request out and lets the judge look at it; without `bytes` it is exactly the guest pages named. */
function carryOut(
  machine: Machine,
  firstGfn: number,
  endGfn: number,
  to: Side,
  retried: Operation,
  bytes: ByteRange | undefined,
): Status {
  const before = machine.beginRequest('convert', askedRuns(machine, firstGfn, endGfn), to);
  const parts = new RequestParts(machine.instance);
  const isPlain = bytes === undefined && machine.convertMemory === convertMemory;
  const status = isPlain
    ? convertPages(machine.memory, parts, machine.strategy.requestPath, firstGfn, endGfn, to)
    : passOn(machine, parts, bytes ?? bytesOf(firstGfn, endGfn), to);
  const mayRetry = status === -ERRNO.EAGAIN;
  const isMalformed = status === -ERRNO.EINVAL && !isWellFormed(machine, bytes ?? bytesOf(firstGfn, endGfn), to);
  const done = status === 0 ? NO_RUNS : parts.done.flatMap((gfns) => askedRuns(machine, gfns.firstGfn, gfns.endGfn));
  machine.wasMalformed = isMalformed;
  settle(machine, retried, { answer: statusText(status), succeeded: status === 0, mayRetry, before, done, isMalformed });
  if (status !== 0 && !mayRetry && !isMalformed && machine.stopsOnRefusal()) machine.stop();
  return status;
}

const NO_RUNS: readonly PositionRun[] = [];

function passOn(machine: Machine, parts: RequestParts, { startBytes, sizeBytes }: ByteRange, to: Side): Status {
  return machine.convertMemory(machine.memory, parts, machine.strategy.requestPath, startBytes, sizeBytes, to);
}

function bytesOf(firstGfn: number, endGfn: number): ByteRange {
  return { startBytes: BigInt(firstGfn) * PAGE, sizeBytes: BigInt(endGfn - firstGfn) * PAGE };
}

/** The positions that a guest names by guest pages: shown now, and able to change sides. */
function askedRuns({ layout, memory }: Machine, firstGfn: number, endGfn: number): PositionRun[] {
  const runs: PositionRun[] = [];
  const { sections } = memory.addressSpace;
  for (const span of layout.spans) {
    const first = firstOfGfns(span, firstGfn);
    const end = endOfGfns(span, endGfn);
    if (first < end && span.section.block.hasGuestMemfd && sections.includes(span.section)) runs.push({ first, end });
  }
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
