// SPDX-License-Identifier: MIT
/**
 * What a run found that no design owes: a device behind a vIOMMU is owed coherence only if its guest unmaps first. Told
 * as data and in words, and part of no verdict.
 */
import { blockPageOf } from '../layout.ts';
import type { Machine } from '../machine.ts';

export interface Report {
  /** Index of the operation after which it was seen; the number of operations when the history was over. */
  readonly operationIndex: number;
  readonly reason: 'stale-iova' | 'held-by-viommu';
  readonly container: string;
  readonly iovaPage: number;
  /** The page the guest mapped there. */
  readonly position: number;
  /** Frame the device reaches, and the one that backs the page's shared side (0: none). */
  readonly deviceFrame: number;
  readonly backingFrame: number;
}

/** A report in words. */
export function reportText({ reason, container, iovaPage, position, deviceFrame, backingFrame }: Report): string {
  const where = `${container} at IOVA page 0x${iovaPage.toString(16)}`;
  if (reason === 'held-by-viommu') {
    return `Page ${position} cannot turn private in place while ${where} pins it. Its guest has to unmap first.`;
  }
  const now = `${frameText(backingFrame)} backs page ${position} now`;
  return `${where} leads to ${frameText(deviceFrame)}, and ${now}. Its guest has to unmap first.`;
}

function frameText(frame: number): string {
  return frame === 0 ? 'no frame' : `frame ${frame}`;
}

/** Looks at every live mapping behind a vIOMMU, and reports each stale one once. */
export function reportStaleIovas(machine: Machine): void {
  for (const { name, kernel, viommu } of machine.containers) {
    if (viommu === undefined) continue;
    for (const [iovaPage, position] of viommu.mappings) {
      const span = machine.layout.spanAt(position);
      const backingFrame = machine.memory.backing(span.section.block, blockPageOf(span, position), 'shared');
      const deviceFrame = kernel.translate(iovaPage);
      const isRight = machine.judge.isDue(span, position) && deviceFrame === backingFrame;
      if (isRight) continue;
      const found = { reason: 'stale-iova', container: name, iovaPage, position, deviceFrame, backingFrame } as const;
      addReport(machine, found);
    }
  }
}

/** Adds a report unless the same mapping was reported already. */
export function addReport(machine: Machine, found: Omit<Report, 'operationIndex'>): void {
  const isKnown = machine.reports.some(
    (one) => one.reason === found.reason && one.container === found.container && one.iovaPage === found.iovaPage && one.position === found.position,
  );
  if (isKnown) return;
  const report = { operationIndex: machine.operationIndex, ...found };
  machine.reports.push(report);
  machine.log({ kind: 'report', report });
}
