// SPDX-License-Identifier: MIT
/**
 * What KVM answers about a guest_memfd: which arguments are refused. Attributes and allocations of private memory touch
 * nothing a device can reach, so there is no state. Source: Linux 7.2.13 virt/kvm/{kvm_main,guest_memfd}.c; recording
 * kvm-7.2own.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import { ADDRESS_END, PAGE } from '../geometry.ts';
import { isFileRange } from './memory-file.ts';

/** KVM_SET_MEMORY_ATTRIBUTES. */
export function setAttributes(gpa: bigint, size: bigint): Status {
  if (size === 0n || gpa + size >= ADDRESS_END) return -ERRNO.EINVAL;
  return gpa % PAGE === 0n && size % PAGE === 0n ? 0 : -ERRNO.EINVAL;
}

/** fallocate on a guest_memfd; allocations end with the file, holes need not. */
export function fallocate(
  kind: 'allocate' | 'punch',
  offset: bigint,
  size: bigint,
  fileBytes: bigint,
): Status {
  if (!isFileRange(offset, size) || offset % PAGE !== 0n || size % PAGE !== 0n) return -ERRNO.EINVAL;
  return kind === 'allocate' && offset + size > fileBytes ? -ERRNO.EINVAL : 0;
}
