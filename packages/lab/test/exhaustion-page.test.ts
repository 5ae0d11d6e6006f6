// SPDX-License-Identifier: MIT
// docs/exhaustion.json is what exhaustion decided of every claim, docs/exhaustion.md is written from it. UPDATE_DOCS=1
// decides all of them anew, which takes about an hour, or with EXHAUST=id,id those only. Here some are decided again.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseHistory } from '@sda-lab/conformance';
import { MUTANTS } from '@sda-lab/mutants';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Claim, claimOfMutant, claimsOfAdditions } from '../src/exhaust/claim.ts';
import { Carriers, decide } from '../src/exhaust/decide.ts';
import { describeExhausted, exhaustionDocument } from '../src/exhaust/describe-exhausted.ts';
import { exhaustClaims } from '../src/exhaust/exhaust-claims.ts';
import { exhaustionPage } from '../src/exhaust/exhaustion-page.ts';
import { fallsIn } from '../src/exhaust/falls-in.ts';
import { proveEquivalent } from '../src/exhaust/prove-equivalent.ts';
import { whyRandom } from '../src/exhaust/why-random.ts';
import { type ExhaustionDocument, exhaustionSchema, STRATEGIES } from '../src/index.ts';

const CLAIMS: readonly Claim[] = [...claimsOfAdditions(STRATEGIES), ...MUTANTS.map(claimOfMutant)];

const dataFile = new URL('../../../docs/exhaustion.json', import.meta.url);
const pageFile = new URL('../../../docs/exhaustion.md', import.meta.url);

/** A line for each claim, so that a change shows where it is. */
function textOf({ claims, ...head }: ExhaustionDocument): string {
  const lines = claims.map((claim) => JSON.stringify(claim)).join(',\n');
  return `${JSON.stringify(head).slice(0, -1)},"claims":[\n${lines}\n]}\n`;
}

function read(): ExhaustionDocument {
  return v.parse(exhaustionSchema, JSON.parse(readFileSync(dataFile, 'utf8')));
}

function nameOf({ kind, id, carrier }: { kind: string; id: string; carrier: string }): string {
  return kind === 'addition' ? `${carrier} ${id}` : id;
}

const nameOfClaim = ({ kind, id, carrier }: Claim): string => nameOf({ kind, id, carrier: carrier.id });

async function update(ids: readonly string[] | undefined): Promise<void> {
  const wanted = CLAIMS.filter(({ id }) => ids === undefined || ids.includes(id));
  const fresh = await exhaustClaims(wanted, { onProgress: (what) => process.stderr.write(`${what}\n`) });
  const known = new Map(ids === undefined ? [] : read().claims.map((claim) => [nameOf(claim), claim]));
  for (const claim of fresh.claims) known.set(nameOf(claim), claim);
  const claims = CLAIMS.flatMap((claim) => known.get(nameOfClaim(claim)) ?? []);
  const totals = Object.fromEntries(Object.keys(fresh.totals).map((verdict) => [verdict, claims.filter((one) => one.verdict === verdict).length]));
  const document = v.parse(exhaustionSchema, { ...fresh, claims, totals });
  writeFileSync(dataFile, textOf(document));
  writeFileSync(pageFile, exhaustionPage(document));
}

/** Every n-th by its name, the same ones each time. */
function isSampled(name: string, n: number): boolean {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  return hash % n === 0;
}

if (process.env['UPDATE_DOCS'] === '1') await update(process.env['EXHAUST']?.split(','));
const document = read();
const rows = document.claims.map((claim) => ({ name: nameOf(claim), claim }));
const claimNamed = (name: string): Claim => CLAIMS.find((claim) => nameOfClaim(claim) === name)!;
const carriers = new Carriers();

/** Questions of a search, which a history does not ask: how a retry ends, and the count without devices. */
const ASKED_BY_SEARCH = /repeated once nothing stands in its way|uncoordinatedDisabled=/;

describe('docs/exhaustion.json', () => {
  it('tells of each claim once, as it is made today', () => {
    const claimed = CLAIMS.map((claim) => [nameOfClaim(claim), claim.what, claim.invariant]);
    expect(document.claims.map((claim) => [nameOf(claim), claim.what, claim.invariant])).toEqual(claimed);
  });

  it('leaves nothing unknown, and nothing contradicted', () => {
    const { totals, claims } = document;
    expect([totals.unknown, totals.contradicted]).toEqual([0, 0]);
    expect(totals.falls + totals.equivalent + totals.random).toBe(claims.length);
    const proven = claims.filter(({ verdict }) => verdict === 'equivalent').map(({ id }) => id);
    expect(proven).toEqual(MUTANTS.filter(({ proof }) => proof !== undefined).map(({ id }) => id));
  });

  it('has histories that show again what they show', () => {
    const shown = rows.flatMap(({ name, claim: { falls, random } }) => {
      const found = falls ?? random;
      return found === null || (falls !== null && ASKED_BY_SEARCH.test(falls.explanation)) ? [] : [{ name, history: found.history }];
    });
    const wrong = shown.filter(({ name, history }) => fallsIn(claimNamed(name), parseHistory(history)) === undefined);
    expect(shown.length).toBeGreaterThan(CLAIMS.length / 2);
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

describe('decided again', () => {
  const additions = rows.filter(({ claim }) => claim.kind === 'addition');
  const mutants = rows.filter(({ name, claim }) => claim.kind === 'mutant' && isSampled(name, 6));
  const falling = [...additions, ...mutants].filter(({ claim }) => claim.falls !== null && claim.carrier !== 'multi-source-rdm');

  it.each(falling)('$name falls where the table says', ({ name, claim: { falls, searches } }) => {
    const last = searches.at(-1)!;
    const decision = decide(claimNamed(name), { rungs: [last.bound.rung], carriers });
    if (decision.outcome !== 'falls') throw new Error(decision.outcome);
    const again = describeExhausted({ claim: claimNamed(name), verdict: 'falls', searches: decision.searches, fall: decision.fall });
    expect([again.falls, again.searches.at(-1)]).toEqual([falls, last]);
  });

  it.each(rows.filter(({ claim }) => claim.verdict === 'random'))('$name lies beyond every bound for the reasons given', ({ name, claim: { random } }) => {
    expect(whyRandom(claimNamed(name), parseHistory(random!.history))).toEqual(random);
  });

  it.each(rows.filter(({ claim }) => claim.id === 'assertion-that-cannot-fire'))('$name is equivalent in the smallest bound', ({ name, claim }) => {
    const { outcome, searches } = proveEquivalent(claimNamed(name), { rungs: ['small'] });
    const again = exhaustionDocument([{ claim: claimNamed(name), verdict: 'equivalent', searches }], 0, false);
    expect(outcome).toBe('equivalent');
    expect(claim.searches.filter(({ bound }) => bound.rung === 'small')).toEqual(again.claims[0]!.searches);
  });
});

describe('docs/exhaustion.md', () => {
  const text = readFileSync(pageFile, 'utf8');

  it('is what the data say', () => {
    expect(text).toBe(exhaustionPage(document));
  });

  it('has each claim in one of its two tables, once', () => {
    const missing = CLAIMS.filter(({ kind, id, carrier }) => {
      const start = kind === 'addition' ? `| ${carrier.id} | ${id} | ` : `| ${id} | ${carrier.id} | `;
      return text.split('\n').filter((line) => line.startsWith(start)).length !== 1;
    });
    expect(missing.map(nameOfClaim)).toEqual([]);
  });
});
