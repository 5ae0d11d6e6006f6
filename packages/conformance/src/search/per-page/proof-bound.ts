// SPDX-License-Identifier: MIT
/** How far the proofs of symmetries go, and when there is nothing to prove with. */
import type { SearchModel } from '../search-model.ts';

export const PROOF_PAGES = 3;
/** A broken design leaves far more behind than one that does right; then nothing is proved. */
export const MOST_PROOF_STATES: number = 1 << 17;

/** `small`: the model with three pages; `asked`: the one whose symmetry is asked for. */
export function whyNoProof(small: SearchModel, asked: SearchModel): string | undefined {
  if (small.load === undefined) return 'its state cannot be stored in words';
  if (small.wordCount !== asked.wordCount) return 'its state has other words for other numbers of pages';
  return undefined;
}
