// SPDX-License-Identifier: MIT
/**
 * Attached late = attached early: what a container that has just come maps, against every other attached one that wants
 * the same sides, and against what is due by now. Pending pages, and those of an operation around it, are left out.
 */
import type { Layout } from '../world/layout.ts';
import type { Judge } from './judge.ts';
import type { Evidence } from './violation.ts';
import type { WatchedContainer } from './watched-container.ts';

/** The first difference, or undefined. */
export function findLateDifference(
  judge: Judge,
  layout: Layout,
  containers: readonly WatchedContainer[],
  late: WatchedContainer,
): Evidence | undefined {
  if (!judge.isLooking) return undefined;
  const lateIndex = containers.indexOf(late);
  for (const [earlyIndex, early] of containers.entries()) {
    if (early === late || !early.isAttached() || early.privatePages !== late.privatePages) continue;
    for (let position = 0; position < layout.totalCount; position = judge.endOfPiece(position)) {
      const inLate = judge.isMapped(lateIndex, position);
      if (inLate === judge.isMapped(earlyIndex, position) || judge.isUnsettled(position)) continue;
      const detail = inLate ? `mapped, and not in ${early.name}` : `not mapped, but is in ${early.name}`;
      return { reason: 'late-differs', container: late.name, position, detail };
    }
  }
  return findMissing(judge, layout, lateIndex, late.name);
}

function findMissing(judge: Judge, layout: Layout, lateIndex: number, container: string): Evidence | undefined {
  for (const span of layout.spans) {
    const end = span.endPosition;
    for (let position = span.firstPosition; position < end; position = judge.endOfPiece(position)) {
      if (!judge.isWanted(lateIndex, span, position) || judge.isMapped(lateIndex, position)) continue;
      if (judge.isUnsettled(position)) continue;
      const detail = judge.isDue(span, position) ? 'shared already, and not mapped' : 'private, and not mapped';
      return { reason: 'late-differs', container, position, detail };
    }
  }
  return undefined;
}
