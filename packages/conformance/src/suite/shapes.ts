// SPDX-License-Identifier: MIT
/**
 * How guests really ask: the exits that one request of a TDX or SNP guest becomes, and the small conversions of a
 * firmware. Each gives operations of a history, one per exit, since the VMM answers each exit on its own and a guest
 * repeats from the one that was refused.
 *
 * Sources: Linux 7.2 arch/x86/kvm/vmx/tdx.c (MapGPA in exits of at most 2 MiB, counted from the guest's own start, not
 * aligned) and arch/x86/kvm/svm/sev.c (page state change: adjacent entries of one operation and page size are one exit;
 * the GHCB holds 253 entries, Linux guests fill 64); edk2 PR 3709 (about 5000 conversions, mostly below 32 KiB, in one
 * boot). Not covered: interrupts between exits, what the guest does while it waits.
 */
import type { Side } from '@sda-lab/guest-memory';
import type { Operation } from '../history/operation.ts';

type Convert = Extract<Operation, { op: 'convert' }>;

/** Half-open run of guest pages that one request names, as positions. */
export interface AskedRun {
  readonly page: number;
  readonly count: number;
}

export const TDX_EXIT_PAGES = 512;

/** One MapGPA call. `exitPages` is scaled down in small worlds. */
export function tdxMapGpa({ page, count }: AskedRun, to: Side, exitPages: number = TDX_EXIT_PAGES): Convert[] {
  const exits: Convert[] = [];
  for (let at = page; at < page + count; at += exitPages) {
    exits.push({ op: 'convert', page: at, count: Math.min(exitPages, page + count - at), to });
  }
  return exits;
}

/** Entries of one page state change, and how many of them a Linux guest puts in one. */
export const SNP_MAX_ENTRIES = 253;
export const SNP_LINUX_ENTRIES = 64;

export interface SnpEntry {
  readonly page: number;
  /** 4 KiB, or 2 MiB as 512 pages (scaled down in small worlds). */
  readonly pages: number;
  readonly to: Side;
}

/** One page state change buffer: KVM makes one exit of adjacent entries with the same operation and page size. */
export function snpPageStateChange(entries: readonly SnpEntry[]): Convert[] {
  if (entries.length > SNP_MAX_ENTRIES) {
    throw new RangeError(`snpPageStateChange: ${entries.length} entries; a GHCB holds ${SNP_MAX_ENTRIES}, send several`);
  }
  const exits: Convert[] = [];
  let size = 0;
  for (const { page, pages, to } of entries) {
    const last = exits.at(-1);
    if (last !== undefined && size === pages && last.to === to && last.page + last.count === page) {
      exits[exits.length - 1] = { ...last, count: last.count + pages };
    } else {
      exits.push({ op: 'convert', page, count: pages, to });
    }
    size = pages;
  }
  return exits;
}

/** A run as a Linux guest sends it: whole 2 MiB pages where they fit, 4 KiB ones around them, in buffers of 64. */
export function snpEntriesOf({ page, count }: AskedRun, to: Side, largePages: number = TDX_EXIT_PAGES): SnpEntry[][] {
  const entries: SnpEntry[] = [];
  for (let at = page; at < page + count; ) {
    const pages = at % largePages === 0 && at + largePages <= page + count ? largePages : 1;
    entries.push({ page: at, pages, to });
    at += pages;
  }
  return Array.from({ length: Math.ceil(entries.length / SNP_LINUX_ENTRIES) }, (_, at) =>
    entries.slice(at * SNP_LINUX_ENTRIES, (at + 1) * SNP_LINUX_ENTRIES),
  );
}

/** Pages a firmware shares at most for one transfer: 32 KiB. */
const FIRMWARE_MAX_PAGES = 8;

/**
 * `conversions` small conversions in pairs: a buffer is shared for one transfer, touched now and then, and taken back.
 * One seed, one list; the pool is the first `poolPages` pages.
 */
export function firmwarePingPong(conversions: number, poolPages: number, seed: number): Operation[] {
  const random = numbers(seed);
  const operations: Operation[] = [];
  for (let pair = 0; pair < Math.floor(conversions / 2); pair += 1) {
    const count = 1 + random(Math.min(FIRMWARE_MAX_PAGES, poolPages));
    const page = random(poolPages - count + 1);
    operations.push({ op: 'convert', page, count, to: 'shared' });
    if (random(4) === 0) operations.push({ op: 'touch', page: page + random(count) });
    operations.push({ op: 'convert', page, count, to: 'private' });
  }
  return operations;
}

/** Numbers below a limit, one list per seed: the upper bits of a linear congruence. */
function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 12) % limit;
  };
}
