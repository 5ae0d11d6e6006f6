// SPDX-License-Identifier: MIT
import { type Command, Option } from '@commander-js/extra-typings';
import { DEFAULT_RUNS, WORLD_BACKENDS, type WorldBackend } from '@sda-lab/conformance';
import { checkSwitches } from '../command-line/check-switches.ts';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { collect, parseRuns, parseSeed } from '../command-line/option-values.ts';
import { createProgress } from '../command-line/progress.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { loadExpectations } from '../expectations.ts';
import { STRATEGIES } from '../strategies.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { conform } from './conform.ts';
import { conformBlocks } from './conform-blocks.ts';
import type { ConformDocument } from './conform-document.ts';

export function addConform(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('conform')
    .description('run the conformance suite over strategies: named cases and random histories')
    .argument('[strategy...]', 'ids; without any, all of them are compared with the expectations')
    .addOption(
      new Option('--backend <backend>', `one of ${WORLD_BACKENDS.join(', ')}; may be repeated`).argParser(
        collect<WorldBackend>(WORLD_BACKENDS),
      ),
    )
    .option('--runs <count>', 'random histories per strategy', parseRuns, DEFAULT_RUNS)
    .option('--seed <number>', 'where the random histories start', parseSeed, 1)
    .addOption(
      new Option('--without <switch>', 'leave out a part of the named strategies; may be repeated').argParser(collect()),
    )
    .option('--json', 'print one JSON document (sda-lab/conform@1)')
    .action((ids, options) => {
      const named = findStrategies(ids);
      const without = checkSwitches(named, options.without ?? []);
      const progress = createProgress(io);
      const { runs, seed, backend: backends = WORLD_BACKENDS } = options;
      const chosen = named.length === 0 ? STRATEGIES : named;
      const request = { backends, runs, seed, without, onProgress: progress.show };
      const document = conform(chosen, loadExpectations(), request);
      progress.clear();
      io.out(options.json === true ? documentText(document) : toTerminal(conformBlocks(document)));
      finish(named.length > 0 ? exitOfVerdicts(document) : exitOfExpectations(document));
    });
}

function exitOfVerdicts({ strategies }: ConformDocument): ExitCode {
  const verdicts = strategies.map(({ verdict }) => verdict);
  if (verdicts.includes('broken')) return EXIT.broken;
  return verdicts.includes('unknown') ? EXIT.unknown : EXIT.holds;
}

/** An unknown cell is one difference; only when there are no others is the whole unknown. */
function exitOfExpectations({ strategies, differences }: ConformDocument): ExitCode {
  if (differences.length === 0) return EXIT.holds;
  const unknowns = strategies.flatMap(({ cells }) => cells).filter(({ outcome }) => outcome === 'unknown').length;
  return differences.length === unknowns ? EXIT.unknown : EXIT.broken;
}
