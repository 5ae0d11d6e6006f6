// SPDX-License-Identifier: MIT
import type { Command } from '@commander-js/extra-typings';
import type { Io } from '../command-line/io.ts';
import { parseRuns, parseSeed } from '../command-line/option-values.ts';
import { createProgress } from '../command-line/progress.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { loadExpectations } from '../expectations.ts';
import { STRATEGIES } from '../strategies.ts';
import { toMarkdown } from '../text/to-markdown.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { evaluate } from './evaluate.ts';
import type { EvaluationDocument } from './evaluation-document.ts';
import { fixtureRecordings } from './fixture-recordings.ts';
import { evaluationBlocks } from './report/evaluation-blocks.ts';
import { prepareFolder, writeWhole } from './write-whole.ts';

const OUT_FOLDER = 'out';

export function addEvaluate(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('evaluate')
    .description('run everything once, print the comparison, write out/evaluation.md and out/evaluation.json')
    .option('--runs <count>', 'random histories per strategy', parseRuns, 2400)
    .option('--seed <number>', 'where the random histories start', parseSeed, 1)
    .option('--json', 'print one JSON document (sda-lab/evaluation@1)')
    .action(({ runs, seed, json }) => {
      prepareFolder(io.folder, OUT_FOLDER);
      const progress = createProgress(io);
      const document = evaluate({
        strategies: STRATEGIES,
        expectations: loadExpectations(),
        recordings: fixtureRecordings(),
        runs,
        seed,
        onProgress: progress.show,
      });
      progress.clear();
      const text = documentText(document);
      const files = writeWhole(io.folder, OUT_FOLDER, [
        { name: 'evaluation.json', text },
        { name: 'evaluation.md', text: toMarkdown(evaluationBlocks(document, 'whole')) },
      ]);
      io.out(json === true ? text : toTerminal(evaluationBlocks(document, 'short')));
      io.err(`sda-lab: wrote ${files.join(' and ')}\n`);
      finish(exitOf(document));
    });
}

/** Unknown only when nothing but unknown cells keeps the outcome from the expectations. */
function exitOf({ strategies, differences }: EvaluationDocument): ExitCode {
  if (differences.length === 0) return EXIT.holds;
  const unknowns = strategies.flatMap(({ cells }) => cells).filter(({ outcome }) => outcome === 'unknown').length;
  return differences.length === unknowns ? EXIT.unknown : EXIT.broken;
}
