// SPDX-License-Identifier: MIT
/** `search --ablation [strategy...]` and `search --mutants [id...]`. */
import { findStrategies } from '../command-line/find-strategies.ts';
import type { Io } from '../command-line/io.ts';
import { createProgress } from '../command-line/progress.ts';
import { findMutants } from '../conform/mutants/find-mutants.ts';
import { documentText } from '../document-text.ts';
import type { ExitCode } from '../exit-code.ts';
import { STRATEGIES } from '../strategies.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type Claim, claimOfMutant, claimsOfAdditions } from './claim.ts';
import { exhaustClaims } from './exhaust-claims.ts';
import { exhaustionBlocks } from './exhaustion-blocks.ts';
import { exitOfExhaustion } from './exit-of-exhaustion.ts';

/** Options of `search` that say which claims are decided; the claims say how. */
export interface ExhaustOptions {
  readonly ablation?: true | undefined;
  readonly mutants?: true | undefined;
  readonly json?: true | undefined;
}

/** Those of an ordinary search, which mean nothing here. */
export type OtherOptions = Readonly<Record<string, unknown>>;

const OTHERS: Readonly<Record<string, string>> = {
  model: '--model',
  workers: '--workers',
  memory: '--memory',
  pages: '--pages',
  containers: '--containers',
  blocks: '--blocks',
  faults: '--faults',
  regime: '--regime',
  races: '--races',
  depth: '--depth',
  symmetry: '--symmetry',
  everyStep: '--every-step',
  without: '--without',
  shard: '--shard',
};

/** `defaults`: what options are that were not given, where that is something. */
export function exhaustVerb(ids: readonly string[], options: ExhaustOptions & OtherOptions, defaults: OtherOptions, io: Io): Promise<ExitCode> {
  checkOptions(options, defaults);
  return exhaustAll(claimsOf(ids, options), options.json === true, io);
}

/** An interrupt ends it with the claim under way, and what is known is printed; a second one ends the program. */
async function exhaustAll(claims: readonly Claim[], asJson: boolean, io: Io): Promise<ExitCode> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  process.once('SIGINT', stop);
  const progress = createProgress(io);
  try {
    const document = await exhaustClaims(claims, { isStopped: () => isStopped, onProgress: progress.show }).finally(progress.clear);
    io.out(asJson ? documentText(document) : toTerminal(exhaustionBlocks(document)));
    return exitOfExhaustion(document);
  } finally {
    process.off('SIGINT', stop);
  }
}

function checkOptions(options: ExhaustOptions & OtherOptions, defaults: OtherOptions): void {
  if (options.ablation === true && options.mutants === true) throw new UsageError('give --ablation or --mutants, not both');
  const other = Object.keys(OTHERS).find((name) => options[name] !== defaults[name]);
  if (other === undefined) return;
  const flag = options.ablation === true ? '--ablation' : '--mutants';
  throw new UsageError(`${flag} cannot be used with ${OTHERS[other]}: each claim is searched in bounds of its own`);
}

function claimsOf(ids: readonly string[], options: ExhaustOptions): Claim[] {
  if (options.mutants === true) return findMutants(ids).map(claimOfMutant);
  const named = findStrategies(ids);
  const claims = claimsOfAdditions(named.length === 0 ? STRATEGIES : named);
  if (claims.length > 0) return claims;
  throw new UsageError(`${ids.join(', ')}: nothing of it can be left out; extended-rdm and notifier-list have additions`);
}
