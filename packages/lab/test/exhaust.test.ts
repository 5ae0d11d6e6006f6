// SPDX-License-Identifier: MIT
// Claims decided by exhaustion: what falls, what is excused, what holds, what is left to random search and why.
import { leaveOut, mutate, parseHistory, passOn, printHistory, runHistory } from '@sda-lab/conformance';
import { type Mutant, MUTANTS } from '@sda-lab/mutants';
import { extendedRdm, multiSourceRdm, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import { describe, expect, it } from 'vitest';
import { type Claim, claimOfMutant, claimsOfAdditions } from '../src/exhaust/claim.ts';
import { Carriers, decide } from '../src/exhaust/decide.ts';
import { exhaust } from '../src/exhaust/exhaust.ts';
import { fallsIn } from '../src/exhaust/falls-in.ts';
import { knownHistory } from '../src/exhaust/known-history.ts';
import { boundsOf, RUNG_IDS } from '../src/exhaust/ladder.ts';
import { proveEquivalent } from '../src/exhaust/prove-equivalent.ts';
import { simplifyHistory } from '../src/exhaust/simplify-history.ts';
import { whyNotWithin, whyRandom } from '../src/exhaust/why-random.ts';
import { STRATEGIES } from '../src/index.ts';

const SMALL = { rungs: ['small'] } as const;

function additionOf(design: string, id: string): Claim {
  return claimsOfAdditions(STRATEGIES).find((claim) => claim.carrier.id === design && claim.id === id)!;
}

function mutantOf(id: string): Claim {
  return claimOfMutant(MUTANTS.find((mutant) => mutant.id === id)!);
}

const forgetful: Mutant = {
  id: 'forgetful',
  breaks: 'hotplug',
  what: 'a device that comes late is told nothing',
  where: 'strategy',
  source: 'made for this test',
  carrier: extendedRdm,
  strategy: leaveOut(extendedRdm, 'replay'),
};

describe('claims', () => {
  it('are one for each addition of each design, and one for each mutant', () => {
    const claims = claimsOfAdditions(STRATEGIES);
    expect(claims).toHaveLength(STRATEGIES.reduce((sum, { additions }) => sum + additions.length, 0));
    expect(new Set(claims.map(({ carrier, id }) => `${carrier.id} ${id}`)).size).toBe(claims.length);
    expect(claimOfMutant(forgetful)).toMatchObject({ backends: ['type1v2', 'iommufd'], regimes: ['two-backend', 'in-place'] });
  });

  it('live where they say', () => {
    const places = boundsOf('small', mutantOf('frees-under-a-server')).map(({ regime, backends }) => [regime, ...backends]);
    expect(places).toEqual([['two-backend', 'vfio-user']]);
    expect(boundsOf('standard', mutantOf('replays-nothing')).map(({ backends }) => backends)).toEqual([
      ['type1v2', 'iommufd'],
      ['type1v2', 'iommufd'],
    ]);
  });

  it('of mutants are not raced', () => {
    expect(boundsOf('races', mutantOf('replays-nothing'))).toEqual([]);
    expect(boundsOf('races', additionOf('extended-rdm', 'lock'))).toHaveLength(2);
  });
});

describe('an invariant falls', () => {
  it('with the shortest history of its bound, which shows it again', () => {
    const claim = claimOfMutant(forgetful);
    const decision = decide(claim, SMALL);
    if (decision.outcome !== 'falls') throw new Error(decision.outcome);
    const { history, depth, bound, lockstep, complete } = decision.fall;
    expect([depth, bound.rung, lockstep, complete]).toEqual([2, 'small', false, false]);
    expect(parseHistory(history).operations.map(({ op }) => op)).toEqual(['convert', 'attach']);
    expect(fallsIn(claim, parseHistory(history))).toMatchObject({ invariant: 'hotplug' });
  });

  it('where the smallest bound has no room for it, in a later one', () => {
    const { searches, outcome } = decide(additionOf('extended-rdm', 'clip'), { rungs: ['small', 'aliases'] });
    expect([outcome, searches.map(({ bound, complete }) => `${bound.rung} ${complete}`)]).toEqual([
      'falls',
      ['small true', 'small true', 'small true', 'small true', 'aliases false'],
    ]);
  });

  it('without the lock, once operations meet', () => {
    const claim = additionOf('notifier-list', 'lock');
    expect(decide(claim, SMALL).outcome).toBe('holds');
    const decision = decide(claim, { rungs: ['races'] });
    expect(decision.outcome === 'falls' && parseHistory(decision.fall.history).operations.map(({ op }) => op)).toContain('at');
  });

  it('and is not held against the mutant where the carrier breaks it as well', () => {
    const claim: Claim = { ...claimOfMutant(forgetful), strategy: rdmPrivateAsDiscarded, carrier: rdmPrivateAsDiscarded, invariant: 'complete', regimes: ['two-backend'] };
    const { outcome, searches } = decide(claim, SMALL);
    expect([outcome, ...searches.map(({ lockstep }) => lockstep)]).toEqual(['holds', true, true]);
  });

  it('and is, where the carrier breaks it elsewhere only', () => {
    const strategy = mutate(rdmPrivateAsDiscarded, () => ({ consumer: (consumer) => passOn(consumer, { mapRun: () => 0 }) }));
    const claim: Claim = { ...claimOfMutant(forgetful), strategy, carrier: rdmPrivateAsDiscarded, invariant: 'complete', regimes: ['two-backend'] };
    const decision = decide(claim, SMALL);
    if (decision.outcome !== 'falls') throw new Error(decision.outcome);
    expect(decision.fall.lockstep).toBe(true);
    const history = parseHistory(decision.fall.history);
    expect(runHistory(rdmPrivateAsDiscarded, history).violations).toEqual([]);
    expect(runHistory(strategy, history).violations.map(({ invariant }) => invariant)).toContain('complete');
  });
});

describe('what does not fall', () => {
  const claim: Claim = { ...claimOfMutant(forgetful), invariant: 'rights' };

  it('holds when every search got to its end', () => {
    const { outcome, searches } = decide(claim, SMALL);
    expect([outcome, searches.length, searches.every(({ complete }) => complete)]).toEqual(['holds', 4, true]);
  });

  it('is unknown when one did not', () => {
    expect(decide(claim, { ...SMALL, maxStates: 20 })).toMatchObject({ outcome: 'unknown' });
  });

  it('asks each carrier once', () => {
    const carriers = new Carriers();
    const [bound] = boundsOf('small', claim);
    expect(carriers.breaks(claim, bound!, {})).toBe(false);
    expect(carriers.breaks({ ...claim, invariant: 'complete', carrier: multiSourceRdm }, bound!, {})).toBe(true);
    // The answer is known: no search is made that would be cut.
    expect(carriers.breaks(claim, bound!, { maxStates: 1 })).toBe(false);
    expect(new Carriers().breaks(claim, bound!, { maxStates: 1 })).toBe(true);
  });
});

describe('a proof by exhaustion', () => {
  it('goes step by step, on every backend', () => {
    const { outcome, searches } = proveEquivalent(mutantOf('assertion-that-cannot-fire'), SMALL);
    expect([outcome, searches.length, new Set(searches.map(({ differences }) => differences))]).toEqual(['equivalent', 7, new Set([0])]);
  });

  it('is none of a mutant that changes something', () => {
    const { outcome, searches } = proveEquivalent({ ...mutantOf('ignores-the-answer-of-the-map'), proof: 'it is said' }, SMALL);
    expect([outcome, searches.every(({ differences }) => differences > 0)]).toEqual(['differs', true]);
  });

  it('is none where a search was cut', () => {
    expect(proveEquivalent(mutantOf('assertion-that-cannot-fire'), { ...SMALL, maxStates: 50 }).outcome).toBe('unknown');
  });
});

describe('a history is simplified', () => {
  const falls = (id: string) => (tried: ReturnType<typeof parseHistory>) => fallsIn(mutantOf(id), tried) !== undefined;

  it.each([
    ['takes-no-count', 'world(pages=4, vmem=2x4); attach(c0); balloon(0+3)', 'world(pages=1); attach(c0); balloon(0+1)'],
    ['never-unmaps', 'world(containers=c0:iommufd,c1:iommufd, onRefusal=retry, pages=4); attach(c1); convert(2+2,shared); convert(2+2,private); convert(2+2,shared)', 'world(containers=c0:type1v2,c1:iommufd, pages=1); attach(c1); convert(0+1,shared); convert(0+1,private); convert(0+1,shared)'],
    ['hands-on-the-first-section-unclipped', 'world(); attach(c0); request(0x3000+0x2000,shared)', 'world(pages=2); attach(c0); request(0x0+0x2000,shared)'],
    ['takes-away-a-memslot-in-use', 'world(pages=4, vmem=4x2/2); attach(c0); plug(m0,0+2); convert(4+4,shared); unplug(m0,1+1)', 'world(pages=1, vmem=2x1/2); attach(c0); plug(m0,0+2); convert(1+1,shared); unplug(m0,1+1)'],
  ])('%s', (id, history, simple) => {
    expect(printHistory(simplifyHistory(parseHistory(history), falls(id)))).toBe(simple);
  });
});

describe('what is left to random search', () => {
  it.each([
    ['takes-no-count', ['balloon is not searched']],
    ['maps-finer-than-the-iommu', ['IOMMU pages above a page']],
    ['gives-a-tdisp-device-shared-pages-only', ['a tdisp device', 'tee=snp']],
    ['turns-private-while-pinned', ['it is seen at the end of a history only']],
    ['plugs-while-migrating', ['what a running migration has sent is no state of a search']],
  ])('%s', (id, reasons) => {
    const claim = mutantOf(id);
    const beyond = whyRandom(claim, knownHistory(claim)!);
    expect(beyond.reasons).toEqual(reasons);
    expect(fallsIn(claim, parseHistory(beyond.history))).toBeDefined();
  });

  it('has no reason where its history lies within a bound', () => {
    const claim = mutantOf('replays-nothing');
    expect(whyRandom(claim, knownHistory(claim)!).reasons).toEqual([]);
    expect(knownHistory(claimOfMutant(forgetful))).toBeUndefined();
  });

  it('counts pages where they are', () => {
    const claim = claimOfMutant(forgetful);
    const why = (text: string): string[] => whyNotWithin(parseHistory(text), claim, boundsOf('granule', claim)[0]!);
    expect(why('world(pages=2, vmem=1x2); attach(c0)')).toEqual([]);
    expect(why('world(pages=3, vmem=1x1); attach(c0)')).toEqual(['3 pages of boot RAM beside its devices']);
    expect(why('world(pages=5); attach(c0)')).toEqual(['5 pages of RAM']);
    expect(why('world(regime=in-place, pages=1); attach(c0)')).toEqual(['the in-place regime']);
  });

  it('is contradicted where nothing is known to fall, and all was searched', () => {
    const claim: Claim = { ...mutantOf('takes-no-count'), invariant: 'rights' };
    expect(exhaust(claim, SMALL)).toMatchObject({ verdict: 'contradicted' });
    expect(exhaust(claim, { ...SMALL, maxStates: 20 })).toMatchObject({ verdict: 'unknown' });
  });
});

it('the rungs of the ladder have names of their own', () => {
  expect(new Set(RUNG_IDS).size).toBe(RUNG_IDS.length);
});
