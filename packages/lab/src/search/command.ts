// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { Shard } from '@sda-lab/conformance';
import { checkSwitches } from '../command-line/check-switches.ts';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { collect, parseMiB, wholeNumber } from '../command-line/option-values.ts';
import { createProgress } from '../command-line/progress.ts';
import { documentText } from '../document-text.ts';
import { exhaustVerb } from '../exhaust/exhaust-verb.ts';
import type { ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { exitOfSearch } from './exit-of-search.ts';
import { progressText } from './progress-text.ts';
import type { Watch } from './run-here.ts';
import { searchBlocks } from './search-blocks.ts';
import { orderOf } from './search-options.ts';
import { MODEL_IDS, REGIMES, SYMMETRIES, type SymmetryName } from './search-request.ts';
import { type SearchOrder, searchStrategies } from './search-strategies.ts';
import { readShard } from './shard-text.ts';

const DEFAULT_MIB = 2048;
const MOST_WORKERS = 256;
const MOST_BOUND = 1 << 20;

export function addSearch(program: Command, io: Io, finish: (code: ExitCode | Promise<ExitCode>) => void): void {
  program
    .command('search')
    .description('every history up to a bound, on the code of the strategies itself: holds, broken, or unknown where something is unexplored')
    .argument('[id...]', 'strategies; without any, all are compared with the expectations (of --model per-page: extended-rdm). With --ablation designs that have additions, with --mutants mutants')
    .addOption(new Option('--model <model>', 'what is searched: whole worlds, or pages one by one').choices(MODEL_IDS).default('world' as const))
    .option('--pages <count>', 'pages of the guest; 3 by default', wholeNumber(MOST_BOUND, 1))
    .option('--containers <count>', 'containers, type1v2 and iommufd in turn; 2 by default', wholeNumber(MOST_BOUND, 1))
    .option('--blocks <count>', 'blocks of its virtio-mem device, 0 for none; 2 by default', wholeNumber(MOST_BOUND))
    .option('--faults <count>', 'calls refused in one operation, at each index; 1 by default', wholeNumber(MOST_BOUND))
    .addOption(new Option('--regime <regime>', 'two-backend by default').choices(REGIMES))
    .option('--races', 'other operations at the events inside an operation (nested, bound 1)')
    .option('--depth <count>', 'operations from the start; what lies beyond is unexplored', wholeNumber(MOST_BOUND, 1))
    .addOption(
      new Option('--symmetry <what>', `one state for all that differ by ${SYMMETRIES.join(' or ')} only; may be repeated`).argParser(
        collect<SymmetryName>(SYMMETRIES),
      ),
    )
    .option('--every-step', 'step refusals that are known not to be met, too; of --model per-page')
    .addOption(new Option('--without <switch>', 'leave out a part of the named strategies; may be repeated').argParser(collect()))
    .option('--workers <count>', 'threads: a strategy each, or shards of one', wholeNumber(MOST_WORKERS, 1), 1)
    .option('--shard <i/n>', 'only this part of each search, from 1/N to N/N; join their --json documents with merge', parseShard)
    .option('--memory <MiB>', 'for states; a search that needs more is unknown', parseMiB, DEFAULT_MIB)
    .option('--ablation', 'decide instead what falls without each addition of the designs (all, or those named)')
    .option('--mutants', 'decide instead what falls by each wrong variant (all, or those named), and which change nothing')
    .option('--json', 'print one JSON document (sda-lab/search@1, or sda-lab/exhaustion@1)')
    .action((ids, options) => {
      if (options.ablation === true || options.mutants === true) return finish(exhaustVerb(ids, options, { model: 'world', workers: 1, memory: DEFAULT_MIB }, io));
      const named = findStrategies(ids);
      checkSwitches(named, options.without ?? []);
      const order = orderOf(named.map(({ id }) => id), options);
      finish(searchVerb(order, options.json === true, io));
    });
}

/** An interrupt ends the search, and what is known is printed; a second one ends the program. */
async function searchVerb(order: SearchOrder, asJson: boolean, io: Io): Promise<ExitCode> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  process.once('SIGINT', stop);
  const progress = createProgress(io);
  const onProgress: Watch['onProgress'] = (job, known, seconds) => progress.show(progressText(job, known, seconds));
  try {
    const document = await searchStrategies(order, { isStopped: () => isStopped, onProgress }).finally(progress.clear);
    io.out(asJson ? documentText(document) : toTerminal(searchBlocks(document)));
    return exitOfSearch(document);
  } finally {
    process.off('SIGINT', stop);
  }
}

function parseShard(text: string): Shard {
  const shard = readShard(text);
  if (shard === undefined) throw new InvalidArgumentError('Give I/N, from 1/N to N/N.');
  return shard;
}
