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
import { convertPages } from './convert-pages.ts';
import type { GuestMemory } from './guest-memory.ts';
import { PAGE_BYTES, type Side } from './page.ts';
import type { Instance } from './ports/instance.ts';
import type { Strategy } from './ports/strategy.ts';
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
  return convertPages(memory, instance, requestPath, firstGfn, endGfn, to);
}
