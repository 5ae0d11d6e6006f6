// SPDX-License-Identifier: MIT
// Searches of small worlds: what they say of right and of broken designs, as documents and for people, with exit codes.
import { parseHistory, runHistory, STANDARD_BOUND } from '@sda-lab/conformance';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';
import { type SearchDocument, searchSchema } from '../src/search/search-document.ts';
import { runSearch } from './support/run-search.ts';

const ONE_PAGE = ['--pages', '1', '--containers', '1'];

async function documentOf(args: readonly string[]): Promise<SearchDocument & { readonly code: number }> {
  const { code, out } = await runSearch(['search', '--json', ...args]);
  return { ...v.parse(searchSchema, JSON.parse(out)), code };
}

describe('search of worlds', () => {
  it('takes the standard bound without flags', async () => {
    const { request } = await documentOf(['extended-rdm', '--depth', '1']);
    expect(request).toMatchObject({ model: 'world', named: true, ...STANDARD_BOUND, races: false, symmetry: [], depth: 1 });
  });

  it('has fewer blocks where there are fewer pages', async () => {
    const { request } = await documentOf(['extended-rdm', '--pages', '2', '--depth', '1']);
    expect(request).toMatchObject({ pages: 2, blocks: 1 });
  });

  it.each(['extended-rdm', 'notifier-list'])('of %s: holds, complete, exit code 0', async (id) => {
    const { code, strategies, matchesExpectations } = await documentOf([id, '--pages', '2', '--containers', '1']);
    expect(strategies).toMatchObject([{ id, verdict: 'holds', notApplicable: false, complete: true, cut: null, by: 'words', counterexamples: [], unwitnessed: [] }]);
    expect([code, matchesExpectations]).toEqual([0, true]);
  });

  it('tells a broken design to the end of the bound, with histories that show it again', async () => {
    const { code, strategies } = await documentOf(['uncoordinated', ...ONE_PAGE]);
    const [{ verdict, complete, counterexamples }] = strategies as [(typeof strategies)[0]];
    expect([code, verdict, complete]).toEqual([1, 'broken', true]);
    expect(counterexamples.map(({ invariant, reach }) => `${invariant} ${reach}`)).toEqual(['coherent live', 'bounded live', 'order live']);
    const strategy = STRATEGIES.find(({ id }) => id === 'uncoordinated')!;
    for (const { invariant, reach, history, depth, replay } of counterexamples) {
      const parsed = parseHistory(history);
      expect(parsed.operations).toHaveLength(depth);
      expect(runHistory(strategy, parsed).violations).toContainEqual(expect.objectContaining({ invariant, reach }));
      expect(replay).toBe(`npm run lab -- replay '${history}' --strategy uncoordinated`);
    }
  });

  it('is unknown where the depth cuts it, exit code 2', async () => {
    const { code, strategies } = await documentOf(['notifier-list', ...ONE_PAGE, '--depth', '2']);
    expect(strategies).toMatchObject([{ verdict: 'unknown', complete: false, cut: 'depth' }]);
    expect(code).toBe(2);
  });

  it('is n-a where no device can be attached, as in the suite', async () => {
    const { code, strategies, matchesExpectations } = await documentOf(['blocked', ...ONE_PAGE]);
    expect(strategies).toMatchObject([{ verdict: 'holds', notApplicable: true, complete: true }]);
    expect(strategies[0]!.excluded.map(({ by }) => by)).toContain('assignment: no device can be attached');
    expect([code, matchesExpectations]).toEqual([0, true]);
  });

  it('is n-a in a regime that the design has not, and is not searched', async () => {
    const { code, strategies, matchesExpectations } = await documentOf(['ram-block-attributes', 'extended-rdm', '--regime', 'in-place', ...ONE_PAGE]);
    expect(strategies).toMatchObject([
      { id: 'ram-block-attributes', verdict: 'holds', notApplicable: true, states: 0 },
      { id: 'extended-rdm', verdict: 'holds', notApplicable: false },
    ]);
    expect(strategies[0]!.excluded[0]!.by).toBe('regimes: the design has no in-place regime');
    expect(strategies[1]!.states).toBeGreaterThan(1);
    expect([code, matchesExpectations]).toEqual([0, true]);
  });

  it('expects nothing of a design with a part left out, and finds what falls', async () => {
    const { code, strategies, matchesExpectations } = await documentOf(['extended-rdm', '--without', 'replay', ...ONE_PAGE]);
    expect(strategies[0]!.counterexamples.map(({ invariant }) => invariant)).toContain('complete');
    expect(strategies[0]!.counterexamples[0]!.replay).toMatch(/ --strategy extended-rdm --without replay$/);
    expect([code, matchesExpectations]).toEqual([1, null]);
  });

  it('does not say that nothing came near to breaking what it shows broken', async () => {
    const { strategies } = await documentOf(['uncoordinated', '--depth', '1']);
    const [{ counterexamples, unwitnessed }] = strategies as [(typeof strategies)[number]];
    expect(counterexamples.map(({ invariant }) => invariant)).toEqual(['bounded']);
    expect(unwitnessed).toContain('coherent');
    expect(unwitnessed).not.toContain('bounded');
  });

  it('says that what is broken was expected to be', async () => {
    const { code, out } = await runSearch(['search', 'uncoordinated', ...ONE_PAGE]);
    expect(code).toBe(1);
    expect(out).toContain('Every outcome equals the expectations: what is broken was expected to be.');
  });

  it('tells people the bound, the counts, and what was held against the expectations', async () => {
    const { out } = await runSearch(['search', 'extended-rdm', 'blocked', ...ONE_PAGE]);
    expect(out).toContain(
      'Model world: 1 page, a container of type1v2, no virtio-mem, up to 1 refusal in each operation, two-backend.',
    );
    expect(out).toMatch(/blocked +n-a +yes +\d+ /);
    expect(out).toMatch(/extended-rdm +holds +yes +\d+ /);
    expect(out).toContain('Every outcome equals the expectations.');
  });
});
