// SPDX-License-Identifier: MIT
import { type Command, Option } from '@commander-js/extra-typings';
import type { Strategy } from '@sda-lab/guest-memory';
import { checkSwitches } from '../command-line/check-switches.ts';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { collect } from '../command-line/option-values.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { isDesignFile } from '../own-design/is-design-file.ts';
import { checkLimits, memoryLimitOption, timeLimitOption } from '../own-design/limits.ts';
import { replayDesign } from '../own-design/replay-design.ts';
import { STRATEGIES } from '../strategies.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { UsageError } from '../usage-error.ts';
import { checkRegime } from './check-regime.ts';
import { readHistory } from './read-history.ts';
import { replay } from './replay.ts';
import { replayBlocks } from './replay-blocks.ts';

export function addReplay(program: Command, io: Io, finish: (code: ExitCode | Promise<ExitCode>) => void): void {
  program
    .command('replay')
    .description('run one history under one strategy and show its steps, events and verdict')
    .argument('<history>', "a history, such as 'attach(c0); convert(0+1,shared)', or a file with one (text or .jsonl)")
    .option('--strategy <id>', 'the strategy: an id, or a file with a design of your own')
    .addOption(new Option('--without <switch>', 'leave out a part of it; may be repeated').argParser(collect()))
    .addOption(timeLimitOption())
    .addOption(memoryLimitOption())
    .option('--json', 'print one JSON document (sda-lab/replay@1)')
    .action((given, options) => {
      const { strategy: name } = options;
      if (name !== undefined && isDesignFile(name)) return finish(replayDesign(name, given, options, io));
      checkLimits(options);
      const strategy = chooseStrategy(options.strategy);
      const without = checkSwitches([strategy], options.without ?? []);
      const history = readHistory(given, io.folder);
      checkRegime(strategy, history);
      const document = replay(strategy, history, without);
      io.out(options.json === true ? documentText(document) : toTerminal(replayBlocks(document)));
      finish(EXIT[document.verdict]);
    });
}

function chooseStrategy(id: string | undefined): Strategy {
  if (id !== undefined) return findStrategies([id])[0]!;
  throw new UsageError(`replay needs --strategy; there are ${STRATEGIES.map((strategy) => strategy.id).join(', ')}`);
}
