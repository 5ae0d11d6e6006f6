// SPDX-License-Identifier: MIT
import { ERRNO, type Status, statusText } from '@sda-lab/guest-memory';
import type { ListenerCall } from '@sda-lab/vfio-mock';

/** Answers that mean a call should never have been made; lack of resources is not among them. */
const ILLEGAL = new Set<Status>([-ERRNO.EINVAL, -ERRNO.EEXIST, -ERRNO.ENOENT, -ERRNO.EFAULT, -ERRNO.EOVERFLOW]);

/** What a call was refused for that should not have been made; undefined for any other. */
export function illegalCall({ status, kind, context, firstGfn, pageCount }: ListenerCall): string | undefined {
  if (!ILLEGAL.has(status)) return undefined;
  // Nothing there to unmap is harmless where a whole section goes, and when a run is undone before its first map.
  const isHole = status === -ERRNO.ENOENT && (context === 'detach' || context === 'rollback');
  return isHole ? undefined : `${statusText(status)} to ${kind} of guest pages 0x${firstGfn.toString(16)}+${pageCount}`;
}
