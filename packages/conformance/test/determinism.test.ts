// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CASES, type ConformanceReport, KERNEL_BACKENDS, randomHistory, runConformance, runHistory, parseHistory, uncoordinated } from '../src/index.ts';
import { forgetsRollback } from './strategies/conversion-faults.ts';
import { reference } from './strategies/reference.ts';

const written = CASES.filter(({ setUp }) => setUp === 'as-written');
/** Every twelfth case: from each family a few. */
const picked = CASES.filter((_, at) => at % 12 === 0);

describe('one seed, one report', () => {
  test.each([reference, uncoordinated, forgetsRollback].map((strategy) => [strategy.id, strategy] as const))('%s', (_, strategy) => {
    const options = { backends: KERNEL_BACKENDS, cases: picked, runs: 120, seed: 5 };
    const report = runConformance(strategy, options);
    const again = runConformance(strategy, options);
    expect(again).toEqual(report);
    expect(JSON.stringify(again)).toBe(JSON.stringify(report));
  });

  test('runs of other strategies in between change nothing', () => {
    const options = { cases: written.slice(0, 20), runs: 80, seed: 5 };
    const report = runConformance(forgetsRollback, options);
    runConformance(uncoordinated, options);
    runConformance(reference, { ...options, seed: 6 });
    expect(runConformance(forgetsRollback, options)).toEqual(report);
  });

  test('one history goes the same way twice, event by event', () => {
    const history = parseHistory(
      'world(vmem=2x2, onRefusal=retry); attach(c0); plug(m0,0+1); convert(6+4,shared); refuse(c0,map,2,ENOMEM); convert(0+3,shared); heal; dma(c0,1,write); dump',
    );
    expect(runHistory(reference, history, { record: true })).toEqual(runHistory(reference, history, { record: true }));
  });

  test('events are kept only when asked for, and keeping them changes nothing else', () => {
    const history = parseHistory('attach(c0); convert(0+3,shared); convert(1+1,private); dma(c0,0,read)');
    const kept = runHistory(reference, history, { record: true });
    const plain = runHistory(reference, history);
    expect(plain.steps.every(({ events }) => events.length === 0)).toBe(true);
    expect(kept.steps.map(({ events }) => events.length)).toEqual([2, 8, 3, 2]);
    expect(plain.steps.map(({ answer }) => answer)).toEqual(kept.steps.map(({ answer }) => answer));
    expect([plain.violations, plain.cost]).toEqual([kept.violations, kept.cost]);
  });
});

describe('another seed', () => {
  test('draws other histories', () => {
    const draw = (seed: number): unknown => fc.sample(randomHistory(reference, 'type1v2', 'two-backend'), { seed, numRuns: 20 });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test('reaches the report: other commands, other counterexamples', () => {
    const report = (seed: number): ConformanceReport => runConformance(uncoordinated, { cases: [], runs: 200, seed });
    const [one, two] = [report(1), report(2)];
    expect(one.properties.runs).toBe(two.properties.runs);
    expect(one.properties.commands).not.toBe(two.properties.commands);
    expect(one.cells[0]!.broken[0]!.case).not.toBe(two.cells[0]!.broken[0]!.case);
  });
});

describe('no case depends on the order', () => {
  test.each([uncoordinated, forgetsRollback].map((strategy) => [strategy.id, strategy] as const))('%s', (_, strategy) => {
    const options = { backends: ['type1v2'], runs: 0 } as const;
    const forward = runConformance(strategy, { ...options, cases: written });
    const backward = runConformance(strategy, { ...options, cases: written.toReversed() });
    expect(backward.failedCases.toSorted()).toEqual(forward.failedCases.toSorted());
    expect(backward.skippedCases.toSorted()).toEqual(forward.skippedCases.toSorted());
    expect(backward.cells.map(kinds)).toEqual(forward.cells.map(kinds));
    expect(backward.worlds).toBe(forward.worlds);
  });

  test('a case alone fails exactly when it fails among all', () => {
    const options = { backends: ['type1v2'], regimes: ['two-backend'], runs: 0 } as const;
    const together = runConformance(forgetsRollback, { ...options, cases: written });
    const alone = written.filter((one) => runConformance(forgetsRollback, { ...options, cases: [one] }).cases.failed === 1);
    expect(alone.map(({ id }) => id)).toEqual(together.failedCases);
  });
});

function kinds({ outcome, broken }: ConformanceReport['cells'][number]): unknown {
  return [outcome, broken.map(({ invariant, reach }) => `${invariant} ${reach}`)];
}
