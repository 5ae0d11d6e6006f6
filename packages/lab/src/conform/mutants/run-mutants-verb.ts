// SPDX-License-Identifier: MIT
import type { Io } from '../../command-line/io.ts';
import { createProgress } from '../../command-line/progress.ts';
import { documentText } from '../../document-text.ts';
import { EXIT, type ExitCode } from '../../exit-code.ts';
import { toTerminal } from '../../text/to-terminal.ts';
import { UsageError } from '../../usage-error.ts';
import { conformMutants } from './conform-mutants.ts';
import { findMutants } from './find-mutants.ts';
import { mutantsBlocks } from './mutants-blocks.ts';

/** The options of `conform` as far as `--mutants` looks at them. */
export interface MutantsVerbOptions {
  readonly runs: number;
  readonly seed: number;
  readonly backend?: readonly string[] | undefined;
  readonly without?: readonly string[] | undefined;
  readonly json?: true | undefined;
}

/** `conform --mutants [id...]`: exit 0 without a survivor, 1 with one. */
export function runMutantsVerb(ids: readonly string[], options: MutantsVerbOptions, io: Io): ExitCode {
  const { runs, seed, backend, without, json } = options;
  if (backend !== undefined || without !== undefined) {
    throw new UsageError('--mutants takes neither --backend nor --without; a mutant says where it lives');
  }
  const progress = createProgress(io);
  const document = conformMutants(findMutants(ids), { runs, seed, onProgress: progress.show });
  progress.clear();
  io.out(json === true ? documentText(document) : toTerminal(mutantsBlocks(document)));
  return document.mutants.survivors.length === 0 ? EXIT.holds : EXIT.broken;
}
