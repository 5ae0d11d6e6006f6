// SPDX-License-Identifier: MIT
// All benchmarks once, on small inputs, as a user runs them: every answer must be the one that is known. No time is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { benchProgram } from '../src/bench/run-benchmarks.ts';
import { type BenchDocument, benchSchema } from '../src/index.ts';
import { type ProgramRun, runProgram } from './support/run-program.ts';
import { suiteFolders } from './support/suite-folders.ts';

/**
 * Over the checksums of all tables and workloads, and all meters, of the small size. It changes with what they ask, with
 * what a design counts, and with nothing else: neither machine nor Node, nor which peers and compilers are there.
 */
const ANSWERS = 'f990701902440ccdf09cbf4286eac2a4ef8ee6a1bf5e072db30becba8e354cce';

const folderOf = suiteFolders();
const folder = folderOf();
let run: ProgramRun;
let document: BenchDocument;

beforeAll(async () => {
  run = await runProgram(['bench', '--small', '--rounds', '1', '--json'], { cwd: folder });
  if (run.code !== 0) throw new Error(run.stderr);
  document = v.parse(benchSchema, JSON.parse(run.stdout));
});

describe('one round of all benchmarks on small inputs', () => {
  it('answers what is known', () => {
    expect(document.answers).toBe(ANSWERS);
  });

  it('has the tables and workloads that docs/performance.json has, and no other', () => {
    const published = v.parse(benchSchema, JSON.parse(readFileSync(new URL('../../../docs/performance.json', import.meta.url), 'utf8')));
    const idsOf = ({ rows, workloads, growth }: BenchDocument): unknown => ({
      tables: [...new Set(rows.map(({ table }) => table))],
      workloads: workloads.map(({ id }) => id),
      growth: [...new Set(growth.map(({ strategy, pattern }) => `${strategy}, ${pattern}`))],
    });
    expect(idsOf(published)).toEqual(idsOf(document));
  });

  it('says on standard error only where the files are, and leaves no other', () => {
    expect(run.stderr).toBe('sda-lab: wrote out/bench-part.json and out/growth-part.svg\n');
    expect(readdirSync(folder)).toEqual(['out']);
    expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(['bench-part.json', 'growth-part.svg']);
    expect(readFileSync(join(folder, 'out', 'bench-part.json'), 'utf8')).toBe(run.stdout);
  });

  it('has in every case of a table its baseline, at 1, and a reason for whoever is left out', () => {
    expect(document.cases.length).toBeGreaterThan(0);
    for (const { table, case: name } of document.cases) {
      const rows = document.rows.filter((row) => row.table === table && row.case === name);
      const [baseline] = rows.filter(({ subject, baseline: other }) => subject === other);
      expect([rows.length > 0, baseline?.ratio, rows.every((row) => row.rounds === 1)]).toEqual([true, 1, true]);
    }
  });

  it('finds the same counts in a workload whether the judge looks on or not', () => {
    const judged = document.workloads.filter(({ judge }) => judge);
    expect(judged.length).toBeGreaterThan(0);
    for (const { id, calls, checksum } of judged) {
      const without = document.workloads.find((other) => `${other.id}/judged` === id);
      expect([without?.calls, without?.checksum]).toEqual([calls, checksum]);
    }
  });

  it('costs both designs done right the same calls in every workload', () => {
    const callsOf = (strategy: string): unknown[] =>
      document.workloads.filter((one) => one.strategy === strategy).map(({ id, calls, checksum }) => [id.replace(strategy, ''), calls, checksum]);
    expect(callsOf('extended-rdm')).toEqual(callsOf('notifier-list'));
  });

  it('draws growth with axes, units and a legend', () => {
    const svg = readFileSync(join(folder, 'out', 'growth-part.svg'), 'utf8');
    const strategies = [...new Set(document.growth.map(({ strategy }) => strategy))];
    const patterns = [...new Set(document.growth.map(({ pattern }) => pattern))];
    const axes = ['size of the guest', 'per operation', 'time, ns', 'flat bitmap words read (64 bit)', 'probes', 'ioctls', '64 MiB', '1 GiB'];
    expect([...strategies, ...patterns, ...axes].filter((text) => !svg.includes(text))).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
  });
});

describe('a part of the benchmarks', () => {
  it('is what was asked for, printed for people', async () => {
    const { code, stdout } = await runProgram(['bench', '--small', '--rounds', '2', '--workload', 'boot-16g/extended-rdm/type1v2'], { cwd: folderOf() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nworkload .*\nboot-16g\/extended-rdm\/type1v2 +exact +off .* 8,193 /);
    expect(stdout).not.toContain('Growth');
  });

  it.each([
    ['--table', 'no table', 'there are '],
    ['--workload', 'no workload', 'there are boot-16g/extended-rdm/type1v2, '],
  ])('that does not exist is wrong use: %s', async (option, what, known) => {
    const { code, stdout, stderr } = await runProgram(['bench', '--small', option, 'nope'], { cwd: folderOf() });
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(`sda-lab: ${what} 'nope'; ${known}`);
  });
});

describe('without the repository', () => {
  it('says where the benchmarks are, and where they are not built how to build them', () => {
    const empty = pathToFileURL(`${folderOf()}/`);
    expect(() => benchProgram(empty)).toThrow('needs the repository of sda-lab');
    writeFileSync(new URL('package.json', empty), '{}');
    expect(() => benchProgram(empty)).toThrow('npm run bench in the repository builds and runs them');
  });
});
