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
import { conformDesigns } from '../own-design/conform-designs.ts';
import { isDesignFile } from '../own-design/is-design-file.ts';
import { checkLimits, memoryLimitOption, timeLimitOption } from '../own-design/limits.ts';
import { STRATEGIES } from '../strategies.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { conform } from './conform.ts';
import { conformBlocks } from './conform-blocks.ts';
import type { ConformDocument } from './conform-document.ts';
import { exitOfVerdicts } from './exit-of-verdicts.ts';
import { runMutantsVerb } from './mutants/run-mutants-verb.ts';

export function addConform(program: Command, io: Io, finish: (code: ExitCode | Promise<ExitCode>) => void): void {
  program
    .command('conform')
    .description('run the conformance suite over strategies: named cases and random histories')
    .argument('[strategy...]', 'ids, or files with a design of your own; without any, all are compared with the expectations')
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
    .addOption(timeLimitOption())
    .addOption(memoryLimitOption())
    .option('--mutants', 'run wrong variants instead (all, or those named): the suite must find each; exit 1 when one survives')
    .option('--json', 'print one JSON document (sda-lab/conform@1, or sda-lab/mutants@1)')
    .action((ids, options) => {
      if (options.mutants === true) return finish(runMutantsVerb(ids, options, io));
      if (ids.some(isDesignFile)) return finish(conformDesigns(ids, options, io));
      checkLimits(options);
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

/** An unknown cell is one difference; only when there are no others is the whole unknown. */
function exitOfExpectations({ strategies, differences }: ConformDocument): ExitCode {
  if (differences.length === 0) return EXIT.holds;
  const unknowns = strategies.flatMap(({ cells }) => cells).filter(({ outcome }) => outcome === 'unknown').length;
  return differences.length === unknowns ? EXIT.unknown : EXIT.broken;
}
