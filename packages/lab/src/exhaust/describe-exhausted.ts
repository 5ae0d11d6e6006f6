// SPDX-License-Identifier: MIT
import type { Searched } from './decide.ts';
import { type Exhausted, type ExhaustVerdict, VERDICTS } from './exhaust.ts';
import { type ClaimDocument, EXHAUSTION_SCHEMA_ID, type ExhaustionDocument } from './exhaustion-document.ts';

/** What exhaustion says of some claims, as a document. */
export function exhaustionDocument(results: readonly Exhausted[], maxStates: number, interrupted: boolean): ExhaustionDocument {
  const claims = results.map(describeExhausted);
  const countOf = (verdict: ExhaustVerdict): number => claims.filter((claim) => claim.verdict === verdict).length;
  const totals = Object.fromEntries(VERDICTS.map((verdict) => [verdict, countOf(verdict)])) as ExhaustionDocument['totals'];
  return { schema: EXHAUSTION_SCHEMA_ID, maxStates, interrupted, totals, claims };
}

export function describeExhausted({ claim, verdict, searches, fall, beyond }: Exhausted): ClaimDocument {
  const { kind, id, what, invariant } = claim;
  return {
    kind,
    id,
    carrier: claim.carrier.id,
    what,
    invariant,
    verdict,
    falls: fall === undefined ? null : { depth: fall.depth, history: fall.history, explanation: fall.explanation },
    random: verdict === 'random' ? { history: beyond!.history, reasons: [...beyond!.reasons] } : null,
    searches: searches.map(describeSearched),
  };
}

function describeSearched({ bound, complete, states, transitions, lockstep }: Searched): ClaimDocument['searches'][number] {
  const { rung, pages, containers, blocks, faults, races, regime, backends } = bound;
  const plain = { rung, pages, containers, blocks, faults, races, regime, backends: [...backends] };
  return { bound: plain, complete, states, transitions, lockstep };
}
