// SPDX-License-Identifier: MIT
// What counts as a kill, on mutants made for it.
import { CASES, KERNEL_BACKENDS, leaveOut, parseHistory, runHistory } from '@sda-lab/conformance';
import { extendedRdm, ramBlockAttributes } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';
import { judgeMutant, type Mutant, MUTANTS } from '../src/index.ts';

const noReplay: Mutant = {
  id: 'no-replay',
  breaks: 'hotplug',
  what: 'a device that comes late is told nothing',
  where: 'strategy',
  source: 'made for this test',
  carrier: extendedRdm,
  strategy: leaveOut(extendedRdm, 'replay'),
};
const few = { runs: 40, cases: CASES.filter(({ id }) => id.startsWith('hotplug/')) };

describe('a mutant', () => {
  test('is killed by a case about its invariant, with a history that needs every operation', () => {
    const judgement = judgeMutant(noReplay, few);
    if (judgement.status !== 'killed') throw new Error(judgement.status);
    expect([judgement.killedBy, judgement.regime]).toEqual(['hotplug/late-attach-maps-shared', 'two-backend']);
    expect(KERNEL_BACKENDS).toContain(judgement.backend);
    const history = parseHistory(judgement.history);
    const falls = (tried: typeof history): boolean =>
      runHistory(noReplay.strategy, tried).violations.some(({ invariant }) => invariant === 'hotplug');
    expect(falls(history)).toBe(true);
    for (const at of history.operations.keys()) {
      expect(falls({ ...history, operations: history.operations.toSpliced(at, 1) })).toBe(false);
    }
  });

  test('is killed by a random history where no case is given', () => {
    expect(judgeMutant(noReplay, { runs: 400, cases: [] })).toMatchObject({ status: 'killed', killedBy: 'property seed=1' });
  });

  test('that breaks something else than it says survives', () => {
    expect(judgeMutant({ ...noReplay, breaks: 'rights' }, few)).toEqual({ status: 'survivor' });
  });

  test('without a mistake survives', () => {
    expect(judgeMutant({ ...noReplay, strategy: extendedRdm }, few)).toEqual({ status: 'survivor' });
  });

  test('is not killed by what its carrier breaks too', () => {
    const same = { ...noReplay, breaks: 'consumers-see', carrier: ramBlockAttributes, strategy: ramBlockAttributes } as const;
    const history = parseHistory('dump');
    expect(runHistory(ramBlockAttributes, history).violations.map(({ invariant }) => invariant)).toEqual(['consumers-see']);
    const cases = CASES.filter(({ id }) => id.startsWith('consumers/'));
    expect(judgeMutant(same, { runs: 0, cases })).toEqual({ status: 'survivor' });
  });

  test('with a proof is equivalent when nothing falls, and killed when anything does', () => {
    const claimed = { ...noReplay, breaks: 'rights', proof: 'nobody comes late' } as const;
    expect(judgeMutant({ ...claimed, strategy: extendedRdm }, few)).toEqual({ status: 'equivalent', proof: 'nobody comes late' });
    expect(judgeMutant(claimed, few).status).toBe('killed');
  });

  test('with a proof is searched on every backend', () => {
    const { backends: _backends, ...proven } = MUTANTS.find(({ id }) => id === 'tells-the-oldest-first')!;
    const cases = CASES.filter(({ id }) => id === 'virtio-mem/take-back-while-unplugged');
    expect(judgeMutant(proven, { runs: 0, cases })).toEqual({ status: 'survivor' });
    const judgement = judgeMutant({ ...proven, proof: 'listeners are independent' }, { runs: 0, cases });
    expect(judgement).toMatchObject({ status: 'killed', backend: 'vfio-user-strict' });
  });

  test('is tried only where it lives', () => {
    const judgement = judgeMutant({ ...noReplay, backends: ['vfio-user'], regimes: ['in-place'] }, few);
    expect(judgement).toMatchObject({ status: 'killed', backend: 'vfio-user', regime: 'in-place' });
  });

  test('is judged alike when judged again', () => {
    expect(judgeMutant(noReplay, few)).toEqual(judgeMutant(noReplay, few));
  });
});
