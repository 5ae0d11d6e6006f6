// SPDX-License-Identifier: MIT
/** A strategy that a request says nothing about: it is not searched, and told as not applicable. */
import { INVARIANTS } from '@sda-lab/conformance';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { SearchedStrategy } from './search-document.ts';
import type { SearchRequest } from './search-request.ts';

/** Whether the strategy has the regime that is asked for. */
export function isOffered(strategyId: string, { regime }: SearchRequest): boolean {
  const [strategy] = findStrategies([strategyId]);
  return strategy!.capabilities.regimes.includes(regime);
}

/** As conform has it: `holds` that says nothing. */
export function notApplicable(id: string, { regime }: SearchRequest): SearchedStrategy {
  return {
    id,
    verdict: 'holds',
    notApplicable: true,
    complete: true,
    cut: null,
    by: 'words',
    states: 0,
    transitions: 0,
    covers: null,
    depth: 0,
    seconds: 0,
    transitionsPerSecond: 0,
    isShortest: true,
    counterexamples: [],
    unwitnessed: [],
    excluded: INVARIANTS.map((name) => ({ name, by: `regimes: the design has no ${regime} regime` })),
    part: null,
  };
}
