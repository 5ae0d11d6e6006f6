// SPDX-License-Identifier: MIT
// Judges every mutant once; docs/mutants.md is written from the result (UPDATE_DOCS=1) and held against it ever after.
import { INVARIANTS, parseHistory } from '@sda-lab/conformance';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MUTANTS, mutantsPage, runMutants } from '../src/index.ts';

const file = new URL('../../../docs/mutants.md', import.meta.url);
const results = runMutants(MUTANTS);
const killed = results.flatMap(({ mutant, judgement }) => (judgement.status === 'killed' ? [{ mutant, judgement }] : []));
const idsOf = (status: string): string[] =>
  results.filter(({ judgement }) => judgement.status === status).map(({ mutant }) => mutant.id);

describe('the mutants', () => {
  test('none survives', () => {
    expect(idsOf('survivor')).toEqual([]);
  });

  test('exactly those with a proof are equivalent', () => {
    expect(idsOf('equivalent')).toEqual(MUTANTS.filter(({ proof }) => proof !== undefined).map(({ id }) => id));
    expect(idsOf('equivalent').length).toBeGreaterThanOrEqual(2);
  });

  test('those with a proof are searched on every backend and regime', () => {
    const narrowed = MUTANTS.filter(({ proof, backends, regimes }) => proof !== undefined && (backends ?? regimes) !== undefined);
    expect(narrowed.map(({ id }) => id)).toEqual([]);
  });

  test('each killed one is killed by a named case', () => {
    const byChance = killed.filter(({ judgement }) => judgement.killedBy.startsWith('property'));
    expect(byChance.map(({ mutant }) => mutant.id)).toEqual([]);
  });

  test('each is shown by a history of at most 12 operations', () => {
    const long = killed.filter(({ judgement }) => parseHistory(judgement.history).operations.length > 12);
    expect(long.map(({ mutant }) => mutant.id)).toEqual([]);
  });

  test('there are at least 48, in every part of the machine', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(48);
    expect(new Set(MUTANTS.map(({ where }) => where))).toEqual(
      new Set(['strategy', 'listener', 'virtio-mem', 'manager', 'conversion path']),
    );
  });

  test('every invariant has one that breaks it', () => {
    const broken = new Set(killed.map(({ mutant }) => mutant.breaks));
    expect(INVARIANTS.filter((invariant) => !broken.has(invariant))).toEqual([]);
  });

  test('ids are unique and kebab-case, and each says what, from where', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.filter(({ id }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)).map(({ id }) => id)).toEqual([]);
    expect(MUTANTS.filter(({ what, source }) => what.length < 20 || source.length < 20).map(({ id }) => id)).toEqual([]);
    expect(new Set(MUTANTS.map(({ what }) => what)).size).toBe(MUTANTS.length);
  });
});

describe('docs/mutants.md', () => {
  const text = mutantsPage(results);

  test('is what the suite finds', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
