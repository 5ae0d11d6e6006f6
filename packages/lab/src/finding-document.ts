// SPDX-License-Identifier: MIT
import { type Expectations, type Finding, findExpectation, INVARIANTS } from '@sda-lab/conformance';
import * as v from 'valibot';
import { replayLine } from './replay-line.ts';

/** A broken invariant as documents tell it; documents add where it was found. */
export const findingSchema = v.strictObject({
  invariant: v.picklist(INVARIANTS),
  /** Case id, or `property seed=N`. */
  case: v.string(),
  history: v.string(),
  explanation: v.string(),
  /** From the expectations; `derived` when none names it. */
  basis: v.picklist(['observed', 'source', 'list', 'derived']),
  reach: v.picklist(['live', 'latent']),
  /** `retry`: only in a VMM that hands refusals to the guest; a live one is live once that is so. */
  onRefusal: v.picklist(['stop', 'retry']),
  /** `answer`: the state is right, an operation answered otherwise than its case says. */
  seenIn: v.picklist(['state', 'answer']),
  /** Where the expectation comes from; null without one. */
  source: v.nullable(v.string()),
  /** What a reader must know of it; null without any. */
  note: v.nullable(v.string()),
  replay: v.string(),
});

export type FindingDocument = v.InferOutput<typeof findingSchema>;

/** A finding in the words of the documents, with what the expectations know of it; `name` is for the command line. */
export function describeFinding(
  finding: Finding,
  strategyId: string,
  without: ReadonlySet<string>,
  expectations: Expectations,
  name: string = strategyId,
): FindingDocument {
  const { invariant, reach, onRefusal, backend, regime, history, explanation, seenIn } = finding;
  const place = { strategy: strategyId, regime, backend };
  // The file speaks of whole designs; with an addition left out it has nothing to say.
  const row = without.size > 0 ? undefined : findExpectation(expectations, place, invariant, reach);
  return {
    invariant,
    case: finding.case,
    history,
    explanation,
    basis: row?.basis ?? 'derived',
    reach,
    onRefusal,
    seenIn,
    source: row?.source ?? null,
    note: row?.note ?? null,
    replay: replayLine(history, name, without),
  };
}
