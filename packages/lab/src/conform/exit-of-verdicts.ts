// SPDX-License-Identifier: MIT
import type { Verdict } from '@sda-lab/conformance';
import { EXIT, type ExitCode } from '../exit-code.ts';

/** Where strategies are named: broken if one is, else unknown if one is. */
export function exitOfVerdicts({ strategies }: { readonly strategies: readonly { readonly verdict: Verdict }[] }): ExitCode {
  const verdicts = strategies.map(({ verdict }) => verdict);
  if (verdicts.includes('broken')) return EXIT.broken;
  return verdicts.includes('unknown') ? EXIT.unknown : EXIT.holds;
}
