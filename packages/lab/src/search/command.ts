// SPDX-License-Identifier: MIT
import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import type { Shard } from '@sda-lab/conformance';
import { checkSwitches } from '../command-line/check-switches.ts';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { collect, parseMiB, wholeNumber } from '../command-line/option-values.ts';
import { createProgress } from '../command-line/progress.ts';
import { exitOfVerdicts } from '../conform/exit-of-verdicts.ts';
import { documentText } from '../document-text.ts';
import type { ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { UsageError } from '../usage-error.ts';
import { canBeDivided } from './job.ts';
import { MODELS } from './models.ts';
import { progressText } from './progress-text.ts';
import { searchBlocks } from './search-blocks.ts';
import { type BoundName, MODEL_IDS, type SearchRequest, SYMMETRIES, type SymmetryName } from './search-request.ts';
import { type SearchOrder, searchStrategies } from './search-strategies.ts';
import { readShard } from './shard-text.ts';

const DEFAULT_MIB = 2048;
const MOST_WORKERS = 256;
const MOST_BOUND = 1 << 20;

export function addSearch(program: Command, io: Io, finish: (code: ExitCode | Promise<ExitCode>) => void): void {
  program
    .command('search')
    .description('every history up to a bound, on the code of the strategies itself: holds, broken, or unknown where something is unexplored')
    .argument('[strategy...]', "ids; without any, the model's own choice")
    .addOption(new Option('--model <model>', 'what is searched').choices(MODEL_IDS).makeOptionMandatory())
    .option('--pages <count>', 'pages of the guest', wholeNumber(MOST_BOUND, 1))
    .option('--containers <count>', 'containers of the guest', wholeNumber(MOST_BOUND, 1))
    .option('--blocks <count>', 'blocks of its virtio-mem device', wholeNumber(MOST_BOUND, 1))
    .option('--faults <count>', 'refusals in one history', wholeNumber(MOST_BOUND))
    .option('--races', 'other operations at the events inside an operation')
    .option('--depth <count>', 'operations from the start; what lies beyond is unexplored', wholeNumber(MOST_BOUND, 1))
    .addOption(
      new Option('--symmetry <what>', `one state for all that differ by ${SYMMETRIES.join(' or ')} only; may be repeated`).argParser(
        collect<SymmetryName>(SYMMETRIES),
      ),
    )
    .addOption(new Option('--without <switch>', 'leave out a part of the named strategies; may be repeated').argParser(collect()))
    .option('--workers <count>', 'threads: a strategy each, or shards of one', wholeNumber(MOST_WORKERS, 1), 1)
    .option('--shard <i/n>', 'only this part of each search, from 1/N to N/N; join their --json documents with merge', parseShard)
    .option('--memory <MiB>', 'for states; a search that needs more is unknown', parseMiB, DEFAULT_MIB)
    .option('--json', 'print one JSON document (sda-lab/search@1)')
    .action((ids, options) => {
      const named = findStrategies(ids);
      checkSwitches(named, options.without ?? []);
      const order = orderOf(ids.length === 0 ? MODELS[options.model].strategyIds : named.map(({ id }) => id), options);
      finish(searchVerb(order, options.json === true, io));
    });
}

interface Options {
  readonly model: (typeof MODEL_IDS)[number];
  readonly pages?: number | undefined;
  readonly containers?: number | undefined;
  readonly blocks?: number | undefined;
  readonly faults?: number | undefined;
  readonly races?: true | undefined;
  readonly depth?: number | undefined;
  readonly symmetry?: readonly SymmetryName[] | undefined;
  readonly without?: readonly string[] | undefined;
  readonly workers: number;
  readonly shard?: Shard | undefined;
  readonly memory: number;
}

function orderOf(strategyIds: readonly string[], options: Options): SearchOrder {
  const { model, symmetry = [], without = [], depth = null, shard = null, workers, memory } = options;
  const kind = MODELS[model];
  const { pages = kind.defaultPages, containers = null, blocks = null, faults = null, races = false } = options;
  if (pages > kind.mostPages) throw new UsageError(`--model ${model} takes at most ${kind.mostPages} pages`);
  for (const bound of ['containers', 'blocks', 'faults', 'races'] satisfies BoundName[]) {
    if (options[bound] !== undefined && !kind.bounds.includes(bound)) throw new UsageError(`--model ${model} has no --${bound}: ${kind.what}`);
  }
  for (const name of symmetry) {
    if (!kind.symmetries.includes(name)) throw new UsageError(`--model ${model} has no --symmetry ${name}; it has ${kind.symmetries.join(', ')}`);
  }
  if (shard !== null && depth !== null) throw new UsageError('--shard cannot be used with --depth: a shard does not know how far a state is');
  const request: SearchRequest = { model, pages, containers, blocks, faults, races, symmetry, without, depth, memoryMiB: memory };
  const whole = shard === null ? undefined : strategyIds.find((id) => !canBeDivided(id, request));
  if (whole !== undefined) throw new UsageError(`--shard cannot be used with ${whole}: its state cannot be stored in words`);
  return { request, strategyIds, workers, shard };
}

/** An interrupt ends the search, and what is known is printed; a second one ends the program. */
async function searchVerb(order: SearchOrder, asJson: boolean, io: Io): Promise<ExitCode> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  process.once('SIGINT', stop);
  const progress = createProgress(io);
  try {
    const document = await searchStrategies(order, {
      isStopped: () => isStopped,
      onProgress: (job, known, seconds) => progress.show(progressText(job, known, seconds)),
    });
    progress.clear();
    io.out(asJson ? documentText(document) : toTerminal(searchBlocks(document)));
    return exitOfVerdicts(document);
  } finally {
    process.off('SIGINT', stop);
  }
}

function parseShard(text: string): Shard {
  const shard = readShard(text);
  if (shard === undefined) throw new InvalidArgumentError('Give I/N, from 1/N to N/N.');
  return shard;
}
