// SPDX-License-Identifier: MIT
import { type History, runHistory, type Violation } from '@sda-lab/conformance';
import type { Claim } from './claim.ts';

/** How the claim's invariant falls in a history, if it does and does not fall for the carrier. */
export function fallsIn({ strategy, carrier, without, parts, invariant }: Claim, history: History): Violation | undefined {
  const options = { ...(without && { without }), ...(parts && { parts }) };
  const found = runHistory(strategy, history, options).violations.find((violation) => violation.invariant === invariant);
  if (found === undefined) return undefined;
  const excused = runHistory(carrier, history).violations.some((violation) => violation.invariant === invariant);
  return excused ? undefined : found;
}
