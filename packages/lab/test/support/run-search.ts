// SPDX-License-Identifier: MIT
// Runs the verbs `search` and `merge` inside the test's process, as the command line does.
import { Command } from '@commander-js/extra-typings';
import type { Io } from '../../src/command-line/io.ts';
import type { ExitCode } from '../../src/exit-code.ts';
import { addMerge } from '../../src/search/merge-command.ts';
import { addSearch } from '../../src/search/command.ts';

export interface SearchRun {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Rejects with what the command line turns into exit code 64. */
export async function runSearch(args: readonly string[], io: Partial<Io> = {}): Promise<SearchRun> {
  let out = '';
  let err = '';
  let code: ExitCode | Promise<ExitCode> | undefined;
  const whole: Io = { out: (text) => (out += text), err: (text) => (err += text), showsProgress: false, folder: process.cwd(), ...io };
  const program = new Command('sda-lab').exitOverride().configureOutput({ outputError: () => undefined });
  addSearch(program, whole, (verdict) => (code = verdict));
  addMerge(program, whole, (verdict) => (code = verdict));
  program.parse(args, { from: 'user' });
  return { code: (await code)!, out, err };
}
