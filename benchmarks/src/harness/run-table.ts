// SPDX-License-Identifier: MIT
/**
 * Runs the tables: all subjects of a case in one process, interleaved.
 *
 *     answers, all equal -> warm-up of each -> round: C A B C'   round: B C' C A   ...   -> ratio to C of the same round
 *
 * Nothing is timed before every subject answered what the baseline answers, and each sample's last answer is looked at
 * again. The baseline runs twice in every round: its second half against its first says how far from 1 this machine gets
 * when there is nothing to see. A slow case is given fewer rounds, never fewer than FEWEST_ROUNDS of those asked for.
 *
 * Does not cover peak memory, which needs a process of its own (workloads).
 */
import type { BenchCase, BenchRow } from '@sda-lab/lab';
import { generator, median, shuffle, spreadOf } from './statistics.ts';
import type { Case, Size, Subject, Table } from './table.ts';
import { sample, type Sampling, warmUp } from './timing.ts';
import { WrongAnswer } from './wrong-answer.ts';

export interface TableOptions {
  readonly size: Size;
  readonly rounds: number;
  readonly seed: number;
  readonly onCase?: (name: string) => void;
}

export interface TableResult {
  readonly rows: readonly BenchRow[];
  readonly cases: readonly BenchCase[];
}

/** One subject on its way through the rounds; `again` is the baseline's second one. */
interface Lane {
  readonly subject: Subject;
  readonly runs: number;
  readonly times: number[];
}

const FEWEST_ROUNDS = 5;
/** Rounds of one case end after about this long. */
const LONGEST_CASE_NANOSECONDS = 15e9;
const SAMPLINGS: Readonly<Record<Size, Sampling>> = { full: { sampleNanoseconds: 1e6 }, small: { sampleNanoseconds: 0 } };

export function runTable(table: Table, options: TableOptions): TableResult {
  const rows: BenchRow[] = [];
  const cases: BenchCase[] = [];
  for (const one of table.cases(options.size)) {
    options.onCase?.(`${table.id}: ${one.name}`);
    const result = runCase(table.id, one, options);
    rows.push(...result.rows);
    cases.push(result.case);
  }
  return { rows, cases };
}

function runCase(table: string, one: Case, options: TableOptions): { rows: BenchRow[]; case: BenchCase } {
  const baseline = baselineOf(table, one);
  const checksum = agreedAnswer(table, one, baseline);
  const random = generator(options.seed);
  const laneOf = (subject: Subject): Lane => ({ subject, runs: warmUp(subject, SAMPLINGS[options.size]), times: [] });
  const lanes = one.subjects.map(laneOf);
  const first = lanes.find(({ subject }) => subject === baseline)!;
  const again: Lane = { ...first, times: [] };
  const rounds = runRounds([...lanes, again], options.rounds, random, (subject, answer) => {
    if (!Object.is(answer, checksum)) throw wrong(table, one, subject, checksum, answer);
  });
  const ratios = ({ times }: Lane): ReturnType<typeof spreadOf> => spreadOf(times.map((time, round) => time / first.times[round]!), random);
  const rows = lanes.map((lane): BenchRow => {
    const { median: ratio, low, high } = ratios(lane);
    const { name, bytes } = lane.subject;
    const value = median(lane.times) / one.operations;
    const where = { table, case: one.name, subject: name, baseline: one.baseline };
    return { ...where, ratio, low, high, unit: 'ns/operation', value, rounds, bytes: bytes?.() ?? null };
  });
  const { median: ratio, low, high } = ratios(again);
  const { name, operations, leftOut = [] } = one;
  return { rows, case: { table, case: name, operations, checksum, noise: { ratio, low, high }, leftOut: [...leftOut] } };
}

function baselineOf(table: string, { name, baseline, subjects }: Case): Subject {
  if (new Set(subjects.map((subject) => subject.name)).size !== subjects.length) {
    throw new Error(`table ${table}, case '${name}': two subjects have one name`);
  }
  const found = subjects.find((subject) => subject.name === baseline);
  if (found === undefined) throw new Error(`table ${table}, case '${name}': its baseline ${baseline} is none of its subjects`);
  return found;
}

function agreedAnswer(table: string, one: Case, baseline: Subject): number {
  const expected = answerOf(baseline);
  for (const subject of one.subjects) {
    const answer = answerOf(subject);
    if (!Object.is(answer, expected)) throw wrong(table, one, subject, expected, answer);
    const [whole, seen] = [baseline.answer?.(), subject.answer?.()];
    if (whole !== seen) throw wrong(table, one, subject, whole ?? Number.NaN, seen ?? Number.NaN);
  }
  return expected;
}

function answerOf(subject: Subject): number {
  subject.prepare?.();
  return subject.run();
}

function wrong(table: string, one: Case, { name: subject }: Subject, expected: number, answer: number): WrongAnswer {
  return new WrongAnswer({ table, case: one.name, baseline: one.baseline, subject }, expected, answer);
}

/** How many rounds were run. */
function runRounds(lanes: readonly Lane[], wanted: number, random: () => number, look: (subject: Subject, answer: number) => void): number {
  const order = [...lanes];
  const end = process.hrtime.bigint() + BigInt(LONGEST_CASE_NANOSECONDS);
  let round = 0;
  for (; round < wanted && (round < FEWEST_ROUNDS || process.hrtime.bigint() < end); round += 1) {
    globalThis.gc?.({ type: 'minor' });
    shuffle(order, random);
    for (const { subject, runs, times } of order) {
      const { nanoseconds, answer } = sample(subject, runs);
      look(subject, answer);
      times.push(nanoseconds);
    }
  }
  return round;
}
