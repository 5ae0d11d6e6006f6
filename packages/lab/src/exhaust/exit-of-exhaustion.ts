// SPDX-License-Identifier: MIT
import { EXIT, type ExitCode } from '../exit-code.ts';
import type { ExhaustionDocument } from './exhaustion-document.ts';

/** A claim that is left to random search is decided as far as it goes: it is known why. */
export function exitOfExhaustion({ totals, interrupted }: Pick<ExhaustionDocument, 'totals' | 'interrupted'>): ExitCode {
  if (totals.contradicted > 0) return EXIT.broken;
  return totals.unknown > 0 || interrupted ? EXIT.unknown : EXIT.holds;
}
