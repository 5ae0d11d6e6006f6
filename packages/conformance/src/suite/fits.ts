// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import type { Absence, ConformanceCase, Need } from './conformance-case.ts';

/** Whether a strategy offers what a case needs, and lacks what it wants absent, in a regime. */
export function fits(testCase: ConformanceCase, strategy: Strategy, regime: Regime): boolean {
  return (
    testCase.needs.every((need) => offers(strategy, need, regime)) &&
    testCase.absent.every((absence) => lacks(strategy, absence))
  );
}

function offers(strategy: Strategy, need: Need, regime: Regime): boolean {
  const { capabilities, listener } = strategy;
  switch (need) {
    case 'virtioMem':
      return capabilities.virtioMem;
    case 'views':
      return capabilities.views;
    case 'rebuild':
      return capabilities.reset === 'rebuild';
    case 'assignment':
      return capabilities.assignment;
    case 'limitCheck':
      return listener.admission === 'refuse';
    case 'inPlace':
      return regime === 'in-place';
    case 'twoBackend':
      return regime === 'two-backend';
    case 'tdisp':
      return capabilities.tdisp === true;
  }
}

function lacks({ capabilities }: Strategy, absence: Absence): boolean {
  switch (absence) {
    case 'virtioMem':
      return !capabilities.virtioMem;
    case 'rebuild':
      return capabilities.reset === 'shutdown';
    case 'assignment':
      return !capabilities.assignment;
    case 'tdisp':
      return capabilities.tdisp !== true;
  }
}
