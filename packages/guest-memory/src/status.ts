// SPDX-License-Identifier: MIT
/**
 * Status codes as kernel interfaces return them: 0, or a negated errno. Hot paths return them and never throw.
 * Numbers are those of Linux on x86-64 (include/uapi/asm-generic/errno-base.h, errno.h).
 */
export type Status = number;

/** errno values the lab can meet, positive as in the kernel headers. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  EDEADLK: 35,
  EOVERFLOW: 75,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
} as const;

export type ErrnoName = keyof typeof ERRNO;

const names = new Map<number, ErrnoName>(
  (Object.keys(ERRNO) as ErrnoName[]).map((name) => [ERRNO[name], name]),
);

/** `0` for success, else `-ENAME`; an unknown number prints as itself. */
export function statusText(status: Status): string {
  if (status === 0) return '0';
  const name = names.get(-status);
  return name === undefined ? String(status) : `-${name}`;
}
