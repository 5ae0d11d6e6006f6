// SPDX-License-Identifier: MIT
import type { GuestMemory } from '@sda-lab/guest-memory';
import type { Layout } from '../world/layout.ts';
import { audit } from './audit.ts';
import type { Judge } from './judge.ts';
import type { Reason } from './violation.ts';
import type { WatchedContainer } from './watched-container.ts';

/** Worlds above this are judged incrementally only; the property that holds both against each other uses small ones. */
const MAX_PAGES = 64;

const REASONS = { coherent: 'stale-translation', complete: 'not-mapped', bounded: 'lingering-mapping' } as const satisfies Record<string, Reason>;

/** What the audit finds at rest and the judge has not seen is a violation all the same. */
export function reportAudit(
  judge: Judge,
  memory: GuestMemory,
  layout: Layout,
  containers: readonly WatchedContainer[],
): void {
  if (!judge.isLooking || layout.totalCount > MAX_PAGES) return;
  for (const finding of audit(memory, layout, containers, (position) => judge.isPlugged(position))) {
    const [invariant, container, at] = finding.split(' ') as [keyof typeof REASONS, string, string];
    const position = Number(at);
    if (!judge.isPending(position)) judge.report(invariant, { reason: REASONS[invariant], container, position });
  }
}
