// SPDX-License-Identifier: MIT
// search --ablation and search --mutants: what they print, their document, exit codes, wrong use.
import { MUTANTS } from '@sda-lab/mutants';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { claimOfMutant } from '../src/exhaust/claim.ts';
import { exhaustClaims } from '../src/exhaust/exhaust-claims.ts';
import { exhaustionBlocks } from '../src/exhaust/exhaustion-blocks.ts';
import { exitOfExhaustion } from '../src/exhaust/exit-of-exhaustion.ts';
import { type ExhaustionDocument, exhaustionSchema } from '../src/index.ts';
import { toTerminal } from '../src/text/to-terminal.ts';
import { runSearch } from './support/run-search.ts';

const KILLED = 'replays-nothing';

describe('search --mutants', () => {
  it('gives one document', async () => {
    const { code, out, err } = await runSearch(['search', '--mutants', KILLED, 'no-rollback', '--json']);
    expect([code, err]).toEqual([0, '']);
    const { totals, interrupted, claims } = v.parse(exhaustionSchema, JSON.parse(out));
    expect([totals, interrupted]).toEqual([{ falls: 2, equivalent: 0, random: 0, unknown: 0, contradicted: 0 }, false]);
    expect(claims.map(({ id, verdict, random }) => [id, verdict, random])).toEqual([
      ['no-rollback', 'falls', null],
      [KILLED, 'falls', null],
    ]);
  });

  it('tells people where each falls, and by which history', async () => {
    const { code, out } = await runSearch(['search', '--mutants', KILLED]);
    expect(code).toBe(0);
    expect(out).toContain('Decided by exhaustion: 1 of 1 (1 fall, 0 are equivalent).');
    expect(out).toMatch(new RegExp(`\n${KILLED} +notifier-list +hotplug +falls +small, two-backend, type1v2 +2 `));
    expect(out).toContain('convert(0+1,shared); attach(c0)');
  });

  it('says how far it is, where somebody watches', async () => {
    const { err } = await runSearch(['search', '--mutants', KILLED], { showsProgress: true });
    expect(err).toContain(`exhaustion: 0 of 1, ${KILLED}`);
  });
});

describe('wrong use', () => {
  it.each([
    ['both', ['--mutants', '--ablation'], 'not both'],
    ['a bound', ['--ablation', '--pages', '2'], '--ablation cannot be used with --pages'],
    ['workers', ['--mutants', '--workers', '2'], '--mutants cannot be used with --workers'],
    ['another model', ['--mutants', '--model', 'per-page'], '--mutants cannot be used with --model'],
    ['a switch', ['--ablation', 'extended-rdm', '--without', 'replay'], '--ablation cannot be used with --without'],
    ['an unknown mutant', ['--mutants', 'nope'], "no mutant 'nope'"],
    ['an unknown design', ['--ablation', 'nope'], "no strategy 'nope'"],
    ['a design without additions', ['--ablation', 'blocked'], 'blocked: nothing of it can be left out'],
  ])('%s', async (_what, args, hint) => {
    await expect(async () => runSearch(['search', ...args])).rejects.toThrow(hint);
  });
});

describe('the exit code', () => {
  const totals = { falls: 1, equivalent: 1, random: 1, unknown: 0, contradicted: 0 };

  it.each([
    ['everything is decided, or known to be left', totals, false, 0],
    ['something is unknown', { ...totals, unknown: 1 }, false, 2],
    ['something was not looked at', totals, true, 2],
    ['a claim is wrong', { ...totals, unknown: 1, contradicted: 1 }, true, 1],
  ])('when %s', (_what, counts, interrupted, code) => {
    expect(exitOfExhaustion({ totals: counts, interrupted })).toBe(code);
  });
});

describe('an interrupt', () => {
  it('leaves what is known', async () => {
    let asked = 0;
    const claims = MUTANTS.filter(({ id }) => [KILLED, 'no-rollback'].includes(id)).map(claimOfMutant);
    const document = await exhaustClaims(claims, { isStopped: () => (asked += 1) > 1 });
    expect([document.interrupted, document.claims.map(({ id }) => id)]).toEqual([true, ['no-rollback']]);
    expect(toTerminal(exhaustionBlocks(document))).toContain('Interrupted: what is missing was not looked at.');
  });
});

describe('the document', () => {
  it('is refused with a member too many, or one too few', async () => {
    const document = await exhaustClaims(MUTANTS.filter(({ id }) => id === KILLED).map(claimOfMutant));
    expect(v.is(exhaustionSchema, document)).toBe(true);
    expect(v.is(exhaustionSchema, { ...document, extra: 1 })).toBe(false);
    for (const key of Object.keys(document)) {
      const { [key as keyof ExhaustionDocument]: _left, ...rest } = document;
      expect(v.is(exhaustionSchema, rest)).toBe(false);
    }
  });
});
