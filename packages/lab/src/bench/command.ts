// SPDX-License-Identifier: MIT
import type { Command } from '@commander-js/extra-typings';
import * as v from 'valibot';
import type { Io } from '../command-line/io.ts';
import { collect, parseSeed, wholeNumber } from '../command-line/option-values.ts';
import { createProgress } from '../command-line/progress.ts';
import { documentText } from '../document-text.ts';
import { type FileToWrite, prepareFolder, writeWhole } from '../evaluate/write-whole.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { benchBlocks } from './bench-blocks.ts';
import { benchSchema } from './bench-document.ts';
import type { BenchRequest } from './bench-request.ts';
import { runBenchmarks } from './run-benchmarks.ts';

const DEFAULT_ROUNDS = 21;
const MOST_ROUNDS = 100_000;
const OUT_FOLDER = 'out';

export function addBench(program: Command, io: Io, finish: (code: ExitCode | Promise<ExitCode>) => void): void {
  program
    .command('bench')
    .description('how fast: tables of peers side by side, whole workloads, growth with the guest; writes out/bench.json and out/growth.svg (a part of it: -part)')
    .option('--table <id>', 'only this table; may be repeated', collect())
    .option('--workload <id>', 'only this workload; may be repeated', collect())
    .option('--growth', 'only the growth with the size of the guest (beside tables and workloads named)')
    .option('--rounds <count>', 'of each case; slow ones have fewer', wholeNumber(MOST_ROUNDS, 1), DEFAULT_ROUNDS)
    .option('--seed <number>', 'of the order inside a round, and of the inputs', parseSeed, 1)
    .option('--small', 'inputs small enough for a test; the times say nothing then')
    .option('--json', 'print one JSON document (sda-lab/bench@1)')
    .action(({ table, workload, growth, rounds, seed, small, json }) => {
      const isAll = table === undefined && workload === undefined && growth === undefined;
      const onlyThese = (ids: readonly string[] | undefined): readonly string[] | undefined => (isAll ? undefined : (ids ?? []));
      const request: BenchRequest = {
        size: small === true ? 'small' : 'full',
        rounds,
        seed,
        tables: onlyThese(table),
        workloads: onlyThese(workload),
        growth: isAll || growth === true,
      };
      prepareFolder(io.folder, OUT_FOLDER);
      finish(benchVerb(request, json === true, io));
    });
}

/** A part must not take the place of what took minutes. */
function named({ size, tables }: BenchRequest, files: readonly FileToWrite[]): FileToWrite[] {
  const isWhole = size === 'full' && tables === undefined;
  return files.map(({ name, text }) => ({ name: isWhole ? name : name.replace('.', '-part.'), text }));
}

async function benchVerb(request: BenchRequest, asJson: boolean, io: Io): Promise<ExitCode> {
  const progress = createProgress(io);
  const { document, files } = await runBenchmarks(request, progress.show).finally(progress.clear);
  const checked = v.parse(benchSchema, document);
  const text = documentText(checked);
  const written = writeWhole(io.folder, OUT_FOLDER, named(request, [{ name: 'bench.json', text }, ...files]));
  io.out(asJson ? text : toTerminal(benchBlocks(checked)));
  io.err(`sda-lab: wrote ${written.join(' and ')}\n`);
  return EXIT.holds;
}
