// SPDX-License-Identifier: MIT
// The harness of the tables: who answers wrongly is caught before anything is timed, by name.
import { describe, expect, it } from 'vitest';
import { runTable } from '../../../benchmarks/src/harness/run-table.ts';
import { generator, median, shuffle, spreadOf } from '../../../benchmarks/src/harness/statistics.ts';
import type { Case, Subject, Table } from '../../../benchmarks/src/harness/table.ts';
import { sample, warmUp } from '../../../benchmarks/src/harness/timing.ts';
import { hashOf } from '../../../benchmarks/src/answers.ts';

const sum: Subject = { name: 'sum', run: () => 5050 };
const loop: Subject = {
  name: 'loop',
  run: () => {
    let total = 0;
    for (let value = 1; value <= 100; value += 1) total += value;
    return total;
  },
};

function tableOf(subjects: readonly Subject[], more: Partial<Case> = {}): Table {
  return { id: 'numbers', title: 'numbers', cases: () => [{ name: '1 to 100', operations: 100, baseline: 'sum', subjects, ...more }] };
}

const options = { size: 'small', rounds: 3, seed: 1 } as const;

describe('a table', () => {
  it('has a row per subject, and the baseline against itself', () => {
    const { rows, cases } = runTable(tableOf([sum, loop], { leftOut: [{ name: 'C', reason: 'no compiler' }] }), options);
    expect(rows.map(({ subject, baseline, rounds, unit }) => [subject, baseline, rounds, unit])).toEqual([
      ['sum', 'sum', 3, 'ns/operation'],
      ['loop', 'sum', 3, 'ns/operation'],
    ]);
    expect(rows[0]).toMatchObject({ ratio: 1, low: 1, high: 1 });
    for (const { ratio, low, high } of rows) expect([low <= ratio, ratio <= high]).toEqual([true, true]);
    expect(cases).toMatchObject([{ table: 'numbers', case: '1 to 100', operations: 100, checksum: 5050, leftOut: [{ name: 'C', reason: 'no compiler' }] }]);
  });

  it('is refused with a subject that answers wrongly, before it is timed', () => {
    const ran: string[] = [];
    const noted = (subject: Subject): Subject => ({
      ...subject,
      run: () => {
        ran.push(subject.name);
        return subject.run();
      },
    });
    const wrong: Subject = { name: 'off by one', run: () => 4950 };
    expect(() => runTable(tableOf([sum, loop, wrong].map(noted)), options)).toThrow(
      "table numbers, case '1 to 100': off by one answers 4950, the baseline sum 5050",
    );
    // The baseline for its answer and as one of the subjects, then the others in turn.
    expect(ran).toEqual(['sum', 'sum', 'loop', 'off by one']);
  });

  it('is refused with a subject that answers wrongly later on', () => {
    let calls = 0;
    const tiring: Subject = { name: 'tiring', run: () => (++calls > 2 ? 0 : 5050) };
    expect(() => runTable(tableOf([sum, tiring]), options)).toThrow('tiring answers 0, the baseline sum 5050');
  });

  it('is refused with a subject whose closer look differs, or that has none, though its run answers rightly', () => {
    const seen = (subject: Subject, value: number): Subject => ({ ...subject, answer: () => value });
    expect(() => runTable(tableOf([seen(sum, 7), seen(loop, 7)]), options)).not.toThrow();
    expect(() => runTable(tableOf([seen(sum, 7), seen(loop, 8)]), options)).toThrow('loop answers 8, the baseline sum 7');
    expect(() => runTable(tableOf([seen(sum, 7), loop]), options)).toThrow('loop answers NaN, the baseline sum 7');
  });

  it('does not take one NaN for a wrong answer of another', () => {
    const nothing = (name: string): Subject => ({ name, run: () => Number.NaN });
    expect(() => runTable(tableOf([nothing('sum'), nothing('other')]), options)).not.toThrow();
    expect(() => runTable(tableOf([sum, nothing('other')]), options)).toThrow('other answers NaN');
  });

  it('is refused without its baseline, and with two subjects of one name', () => {
    expect(() => runTable(tableOf([loop]), options)).toThrow('its baseline sum is none of its subjects');
    expect(() => runTable(tableOf([sum, loop, loop]), options)).toThrow('two subjects have one name');
  });

  it('prepares before every run', () => {
    let ready = false;
    const once: Subject = {
      name: 'sum',
      prepare: () => {
        ready = true;
      },
      run: () => {
        if (!ready) throw new Error('run without prepare');
        ready = false;
        return 5050;
      },
      bytes: () => 8,
    };
    const { rows } = runTable(tableOf([once]), options);
    expect(rows).toMatchObject([{ bytes: 8 }]);
    expect(sample(once, 3).answer).toBe(5050);
  });

  it('makes a case when its turn comes, and not before', () => {
    const seen: string[] = [];
    const table: Table = {
      id: 'lazy',
      title: 'lazy',
      *cases() {
        for (const name of ['first', 'second']) {
          seen.push(`made ${name}`);
          yield { name, operations: 1, baseline: 'sum', subjects: [sum] };
        }
      },
    };
    runTable(table, { ...options, onCase: (name) => seen.push(name) });
    expect(seen).toEqual(['made first', 'lazy: first', 'made second', 'lazy: second']);
  });
});

describe('the statistics', () => {
  const random = generator(7);

  it('lay the interval around the median, and none around equal values', () => {
    const values = Array.from({ length: 51 }, () => 1 + random());
    const { median: middle, low, high } = spreadOf(values, random);
    expect(middle).toBe(median(values));
    expect([low < middle, middle < high, low >= 1, high < 2]).toEqual([true, true, true, true]);
    expect(spreadOf([3, 3, 3], random)).toEqual({ median: 3, low: 3, high: 3 });
  });

  it('give a wider interval to wider values', () => {
    const width = (scale: number): number => {
      const { low, high } = spreadOf(Array.from({ length: 51 }, (_, at) => 100 + (scale * (at - 25)) / 25), generator(1));
      return high - low;
    };
    expect(width(10)).toBeGreaterThan(5 * width(1));
  });

  it('shuffle without losing anybody, each seed its own way', () => {
    const orderOf = (seed: number): number[] => {
      const values = [1, 2, 3, 4, 5, 6, 7, 8];
      shuffle(values, generator(seed));
      return values;
    };
    expect(orderOf(1).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(orderOf(1)).toEqual(orderOf(1));
    expect(orderOf(1)).not.toEqual(orderOf(2));
  });

  it('take one run for a sample where nothing is to be timed', () => {
    let calls = 0;
    expect(warmUp({ run: () => ++calls }, { sampleNanoseconds: 0 })).toBe(1);
    expect(calls).toBe(0);
  });
});

describe('the hash of all answers', () => {
  const one = { table: 't', case: 'c', operations: 1, checksum: 1, noise: { ratio: 1, low: 1, high: 1 }, leftOut: [] };

  it('changes with an answer, and not with a time or who was left out', () => {
    const of = (cases: readonly (typeof one)[]): string => hashOf({ cases, workloads: [], growth: [] });
    expect(of([{ ...one, checksum: 2 }])).not.toBe(of([one]));
    expect(of([{ ...one, noise: { ratio: 2, low: 1, high: 3 } }])).toBe(of([one]));
  });
});
