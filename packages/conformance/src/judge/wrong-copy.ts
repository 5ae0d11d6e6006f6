// SPDX-License-Identifier: MIT
/**
 * A copy of the guest (the pages a migration sent, a dump file) against the guest itself: first by value, since wrong
 * data is the harm, then by which pages there are and on which side. What a design shows to those who copy is what they
 * get, so this is where its answers are judged.
 */
import type { Layout, Span } from '../world/layout.ts';
import { guestCopy, type PageCopy } from '../world/consumers/page-copy.ts';
import type { GuestMemory } from '@sda-lab/guest-memory';
import type { Judge } from './judge.ts';
import type { Evidence } from './violation.ts';

export interface Copier {
  readonly name: 'migration' | 'dump';
  copyAt(position: number): PageCopy | undefined;
  /** Why a page whose side is right holds another value. */
  whyOld(position: number): string;
  /** Whether anything is owed of the page. */
  isOwed(position: number): boolean;
}

interface Parts {
  readonly memory: GuestMemory;
  readonly layout: Layout;
  readonly judge: Judge;
}

/** The first wrong value, or else the first page that is missing, too many or on the wrong side. */
export function findWrongCopy(parts: Parts, spans: readonly Span[], copier: Copier): Evidence | undefined {
  if (!parts.judge.isLooking) return undefined;
  let otherwise: Evidence | undefined;
  for (const span of spans) {
    const end = span.endPosition;
    for (let position = span.firstPosition; position < end; position += 1) {
      if (parts.judge.isPending(position)) continue;
      const copy = copier.copyAt(position);
      if (!parts.judge.isPlugged(position)) {
        if (copy !== undefined) otherwise ??= { reason: 'page-invented', position, shownSide: copy.side, detail: copier.name };
        continue;
      }
      const owed = guestCopy(parts.memory, span, position);
      witness(parts.judge, copier, owed);
      if (!copier.isOwed(position)) continue;
      const wrong = wrongValue(copier, position, copy, owed);
      if (wrong !== undefined) return wrong;
      otherwise ??= wrongPlace(copier, position, copy, owed);
    }
  }
  return otherwise;
}

function witness({ witnesses }: Judge, { name }: Copier, { side, value }: PageCopy): void {
  if (side !== 'private') return;
  witnesses.see('consumers-see');
  if (value !== 0) witnesses.see(`consumer ${name}`);
}

/** A page never sent reads as zero in the restored guest; one that is not in a dump reads as nothing. */
function wrongValue(copier: Copier, position: number, copy: PageCopy | undefined, owed: PageCopy): Evidence | undefined {
  const heldValue = copy?.value ?? 0;
  const owedValue = owed.value;
  if (heldValue === owedValue) return undefined;
  const isThere = copy !== undefined || copier.name === 'migration';
  const detail = `${copier.name}: ${whyWrong(copier, position, copy, owed)}`;
  return { reason: 'wrong-copy', position, detail, ...(isThere && { heldValue }), owedValue };
}

function whyWrong(copier: Copier, position: number, copy: PageCopy | undefined, owed: PageCopy): string {
  if (copy === undefined) return 'it was left out as if it were discarded';
  return copy.side === owed.side ? copier.whyOld(position) : `it was shown as ${copy.side} and read from that side`;
}

function wrongPlace({ name: detail }: Copier, position: number, copy: PageCopy | undefined, owed: PageCopy): Evidence | undefined {
  if (copy === undefined) return { reason: 'page-not-seen', position, detail };
  return copy.side === owed.side ? undefined : { reason: 'page-seen-wrongly', position, shownSide: copy.side, detail };
}
