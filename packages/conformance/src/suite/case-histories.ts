// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import type { WorldBackend } from '../world/world-spec.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { fits } from './fits.ts';
import { variationsOf } from './variations.ts';

/** The histories a case is run as for a strategy on one backend and regime; none where it does not fit. */
export function caseHistories(
  testCase: ConformanceCase,
  strategy: Strategy,
  backend: WorldBackend,
  regime: Regime,
): History[] {
  if (!strategy.capabilities.regimes.includes(regime) || !testCase.backends.includes(backend) || !fits(testCase, strategy, regime)) return [];
  return variationsOf(testCase, backend, regime, strategy.capabilities).map(({ history }) => history);
}
