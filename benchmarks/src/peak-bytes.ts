// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';

const BYTES_PER_KIB = 1024;
const STATUS = '/proc/self/status';

/**
 * The largest resident size of this process so far. On Linux that of its own program (VmHWM): the figure that
 * getrusage gives begins at the size of whoever started it, since an exec hands it on.
 */
export function peakBytes(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(statusText())?.[1];
  return (kib === undefined ? process.resourceUsage().maxRSS : Number(kib)) * BYTES_PER_KIB;
}

function statusText(): string {
  try {
    return readFileSync(STATUS, 'utf8');
  } catch {
    return '';
  }
}
