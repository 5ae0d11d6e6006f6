// SPDX-License-Identifier: MIT
import { CASES, parseHistory } from '@sda-lab/conformance';
import { type Mutant, MUTANTS } from '@sda-lab/mutants';
import { extendedRdm } from '@sda-lab/rdm-manager';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { toMarkdown } from '../src/text/to-markdown.ts';
import { mutantsBlocks } from '../src/conform/mutants/mutants-blocks.ts';
import { conformMutants, mutantsSchema } from '../src/index.ts';
import { runInside } from './support/run-inside.ts';

const KILLED = 'replays-nothing';
const EQUIVALENT = 'assertion-that-cannot-fire';
const FEW = { runs: 20, seed: 1, cases: CASES.filter(({ id }) => id.startsWith('refuse/')) };
const mutantsOf = (name: string): Mutant[] => MUTANTS.filter(({ id }) => id === name);

describe('conform --mutants', () => {
  it('gives counts, survivors and a list as one document', () => {
    const { code, out, err } = runInside(['conform', '--mutants', KILLED, 'maps-the-rom-writable', '--json']);
    expect([code, err]).toEqual([0, '']);
    const { mutants } = v.parse(mutantsSchema, JSON.parse(out));
    expect(mutants).toMatchObject({ total: 2, killed: 2, equivalent: 0, survivors: [] });
    const [killed] = mutants.list;
    expect(killed).toMatchObject({ id: KILLED, breaks: 'hotplug', status: 'killed', killedBy: 'hotplug/late-attach-maps-shared' });
    expect(parseHistory(killed!.history!).operations.map(({ op }) => op)).toEqual(['convert', 'attach']);
    expect(killed).not.toHaveProperty('proof');
  });

  it('gives the proof of an equivalent one', () => {
    const document = conformMutants(mutantsOf(EQUIVALENT), FEW);
    expect(document.mutants).toMatchObject({ total: 1, killed: 0, equivalent: 1, survivors: [] });
    const [equivalent] = document.mutants.list;
    expect(equivalent!.proof!.length).toBeGreaterThan(40);
    expect(equivalent).not.toHaveProperty('history');
  });

  it('prints a table, and the few in full', () => {
    const { code, out } = runInside(['conform', '--mutants', KILLED, '--runs', '0']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`\n${KILLED} +strategy +hotplug +killed +hotplug/late-attach-maps-shared\n`));
    expect(out).toMatch(/\n {4}world\(\); convert\(1\+2,shared\); attach\(c0\)\n/);
    expect(out).toContain('1 mutants: 1 killed, 0 equivalent, 0 survivors.\n');
  });

  it('names a survivor and says that the suite does not find it', () => {
    const mutants = mutantsOf(KILLED).map((mutant) => ({ ...mutant, strategy: extendedRdm, carrier: extendedRdm }));
    const document = conformMutants(mutants, FEW);
    expect(document.mutants).toMatchObject({ killed: 0, survivors: [KILLED] });
    expect(v.is(mutantsSchema, document)).toBe(true);
    expect(toMarkdown(mutantsBlocks(document))).toContain('Nothing in the suite finds it.');
  });

  it.each([
    ['an unknown mutant', ['conform', '--mutants', 'no-such-mutant'], /no mutant 'no-such-mutant'/],
    ['a backend', ['conform', '--mutants', '--backend', 'iommufd'], /neither --backend nor --without/],
    ['a switch', ['conform', '--mutants', '--without', 'replay'], /neither --backend nor --without/],
  ])('refuses %s', (_, args, message) => {
    const { code, out, err } = runInside(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(message);
  });
});
