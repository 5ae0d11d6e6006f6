// SPDX-License-Identifier: MIT
import { type AblationRow, parseHistory, printHistory, runAblation, shortenHistory } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { replayLine } from '../replay-line.ts';
import type { AblationDocument } from './evaluation-document.ts';

/** Every addition of every design left out, one at a time. */
export function ablate(strategies: readonly Strategy[], seed: number, onProgress: (what: string) => void): AblationDocument[] {
  const rows = runAblation(strategies, {
    seed,
    onProgress: (done, of) => onProgress(`ablation: ${done} of ${of} switches`),
  });
  return rows.map((row) => describe(row, strategies.find(({ id }) => id === row.id)!));
}

function describe({ id, without, what, guards, falls, alsoFalls }: AblationRow, strategy: Strategy): AblationDocument {
  const row = { id, without, what, guards, alsoFalls: [...alsoFalls] };
  if (falls === undefined) return { ...row, falls: null, case: null, history: null, replay: null };
  const off = new Set([without]);
  const history = printHistory(shortenHistory(strategy, parseHistory(falls.history), { without: off }, falls.invariant));
  return { ...row, falls: falls.invariant, case: falls.case, history, replay: replayLine(history, id, off) };
}
