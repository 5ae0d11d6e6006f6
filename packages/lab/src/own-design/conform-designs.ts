// SPDX-License-Identifier: MIT
/**
 * `conform` where at least one strategy is a file: designs of the lab first, then each file in a Worker of its own, one
 * after the other. Nothing is expected of a design of one's own, so the exit code is that of the verdicts.
 */
import { DEFAULT_RUNS, WORLD_BACKENDS, type WorldBackend } from '@sda-lab/conformance';
import { checkSwitches } from '../command-line/check-switches.ts';
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { createProgress } from '../command-line/progress.ts';
import { conform, describeReport } from '../conform/conform.ts';
import { conformBlocks } from '../conform/conform-blocks.ts';
import type { ConformDocument, ConformStrategy } from '../conform/conform-document.ts';
import { exitOfVerdicts } from '../conform/exit-of-verdicts.ts';
import { documentText } from '../document-text.ts';
import type { ExitCode } from '../exit-code.ts';
import { loadExpectations } from '../expectations.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { conformDesign } from './conform-design.ts';
import { designOf } from './design-of.ts';
import { isDesignFile } from './is-design-file.ts';
import { type Limits, limitsOf } from './limits.ts';
import type { ConformJob } from './protocol.ts';

export interface ConformDesignsOptions {
  readonly backend?: readonly WorldBackend[] | undefined;
  readonly runs?: number;
  readonly seed?: number;
  readonly without?: readonly string[] | undefined;
  readonly timeLimit?: number | undefined;
  readonly memoryLimit?: number | undefined;
  readonly json?: true | undefined;
}

export async function conformDesigns(names: readonly string[], options: ConformDesignsOptions, io: Io): Promise<ExitCode> {
  const { backend: backends = WORLD_BACKENDS, runs = DEFAULT_RUNS, seed = 1, without = [] } = options;
  const named = findStrategies(names.filter((name) => !isDesignFile(name)));
  const jobs = [...new Set(names.filter(isDesignFile))].map((name): ConformJob => {
    return { kind: 'conform', ...designOf(name, io.folder), backends, runs, seed, without };
  });
  if (named.length > 0) checkSwitches(named, without);
  const expectations = loadExpectations();
  const progress = createProgress(io);
  const about = { backends, without: new Set(without), expectations };
  const listener = { say: (text: string) => io.err(text), show: progress.show };
  const own: ConformStrategy[] = [];
  for (const job of jobs) {
    // Rows of one id could not be told apart.
    const taken = { ...job.taken, ...Object.fromEntries(own.map(({ id, own: from }) => [id, from!.file])) };
    own.push(await describeDesign({ ...job, taken }, limitsOf(options), about, listener));
  }
  const ours = conform(named, expectations, { ...about, runs, seed, onProgress: progress.show });
  progress.clear();
  const document: ConformDocument = {
    ...ours,
    strategies: [...ours.strategies, ...own],
    matchesExpectations: named.length > 0 ? ours.matchesExpectations : null,
  };
  io.out(options.json === true ? documentText(document) : toTerminal(conformBlocks(document)));
  return exitOfVerdicts(document);
}

async function describeDesign(
  job: ConformJob,
  limits: Limits,
  about: Omit<Parameters<typeof describeReport>[2], 'name'>,
  listener: Parameters<typeof conformDesign>[2],
): Promise<ConformStrategy> {
  const { title, report, ended } = await conformDesign(job, limits, listener);
  const described = describeReport({ id: report.id, title }, report, { ...about, name: job.name });
  return { ...described, own: { file: job.name, limits, ended: ended ?? null } };
}
