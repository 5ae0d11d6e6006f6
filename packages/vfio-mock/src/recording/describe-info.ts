// SPDX-License-Identifier: MIT
import type { IommuContainer } from '../iommu-container.ts';
import { hex, rangeTexts } from './hex.ts';
import type { Answer } from './replay.ts';

/** Larger than any capability chain, and than any list of ranges. */
const ENOUGH = 4096;

/** What an `info` line says of a container. */
export function describeInfo(container: IommuContainer): Answer {
  const door = container.ioctl;
  if (door.kind === 'vfio-user') return { errno: '0' };
  if (door.kind === 'iommufd') {
    const { ranges, alignment } = door.iovaRanges(ENOUGH);
    return { errno: '0', align: Number(alignment), ranges: rangeTexts(ranges) };
  }
  const { pageSizes, capabilities } = door.getInfo(ENOUGH);
  const answer: Record<string, unknown> = { errno: '0', pgsizes: hex(pageSizes) };
  for (const capability of capabilities) {
    if (capability.id === 1) answer.ranges = rangeTexts(capability.ranges);
    else if (capability.id === 2) answer.cap2 = 1;
    else answer.dma_avail = capability.available;
  }
  return answer;
}
