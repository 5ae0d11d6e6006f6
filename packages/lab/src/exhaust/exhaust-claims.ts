// SPDX-License-Identifier: MIT
import { HistoryPool } from '@sda-lab/mutants';
import { setImmediate } from 'node:timers/promises';
import type { Claim } from './claim.ts';
import { Carriers, DEFAULT_MAX_STATES } from './decide.ts';
import { exhaustionDocument } from './describe-exhausted.ts';
import { exhaust, type Exhausted } from './exhaust.ts';
import type { ExhaustionDocument } from './exhaustion-document.ts';

export interface ExhaustWatch {
  /** Whether somebody wants it to end with what is known; asked between claims. */
  readonly isStopped?: () => boolean;
  readonly onProgress?: (what: string) => void;
}

/** One claim after the other, in this thread. */
export async function exhaustClaims(claims: readonly Claim[], { isStopped, onProgress }: ExhaustWatch = {}): Promise<ExhaustionDocument> {
  const shared = { carriers: new Carriers(), pool: new HistoryPool(), maxStates: DEFAULT_MAX_STATES };
  const results: Exhausted[] = [];
  for (const [at, claim] of claims.entries()) {
    onProgress?.(`exhaustion: ${at} of ${claims.length}, ${claim.id}`);
    // Signals are heard here.
    await setImmediate();
    if (isStopped?.() === true) break;
    results.push(exhaust(claim, shared));
  }
  return exhaustionDocument(results, shared.maxStates, results.length < claims.length);
}
