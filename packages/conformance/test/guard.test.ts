// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHistory, runHistory, type RunResult } from '../src/index.ts';
import { neverUnmaps } from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import { anyHistory } from './support/arbitraries.ts';
import { settings } from './support/settings.ts';

/** Events are kept, so that they are compared too. */
function told({ witnesses, ...rest }: RunResult): unknown {
  return { ...rest, isWitnessed: witnesses.count('complete') > 0 };
}

describe('without the guard', () => {
  test.each([
    ['reference', reference],
    ['never-unmaps', neverUnmaps],
  ])('%s does, and is found to do, what it does behind it', (_, strategy) => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const guarded = runHistory(strategy, history, { record: true });
        expect(told(runHistory(strategy, history, { record: true, guard: false }))).toEqual(told(guarded));
      }),
      settings(150),
    );
  });

  test('an answer that is no status passes for a refusal; behind it, it ends the VMM', () => {
    const odd = { ...reference, create: (...[host, without]: Parameters<typeof reference.create>) => ({ ...reference.create(host, without), convert: () => -0.5 }) };
    const history = parseHistory('convert(0+1,shared)');
    const [bare, guarded] = [false, true].map((guard) => runHistory(odd, history, { guard }));
    expect([bare!.steps[0]!.answer, guarded!.steps[0]!.answer]).toEqual(['-0.5', 'the VMM died']);
  });
});
