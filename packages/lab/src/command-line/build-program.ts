// SPDX-License-Identifier: MIT
import { Command } from '@commander-js/extra-typings';
import { addBench } from '../bench/command.ts';
import { addCheckKernel } from '../check-kernel/command.ts';
import { addCheckQemu } from '../check-qemu/command.ts';
import { addCheckRdm } from '../check-rdm/command.ts';
import { addConform } from '../conform/command.ts';
import { addEvaluate } from '../evaluate/command.ts';
import type { ExitCode } from '../exit-code.ts';
import { addReplay } from '../replay/command.ts';
import { addSearch } from '../search/command.ts';
import { addMerge } from '../search/merge-command.ts';
import type { Io } from './io.ts';

const EXIT_CODES = `
Exit codes:
  0   named strategies hold; without names, every outcome equals the expectations; no mismatches
  1   one is broken; one differs; a mismatch; a mutant that survives
  2   unknown
  64  wrong use, or a file that cannot be read
  70  a fault of sda-lab itself`;

/** The command line: verbs, options, help. A verb reports its exit code through `finish`. */
export function buildProgram(io: Io, version: string, finish: (code: ExitCode | Promise<ExitCode>) => void): Command {
  const program = new Command('sda-lab')
    .description('shared device assignment lab: designs against one guest, one set of kernels and one judge')
    .version(version)
    .addHelpText('after', EXIT_CODES)
    .exitOverride()
    // Errors are told once, in one line, by the caller.
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text), outputError: () => undefined });
  addEvaluate(program, io, finish);
  addConform(program, io, finish);
  addSearch(program, io, finish);
  addReplay(program, io, finish);
  addMerge(program, io, finish);
  addBench(program, io, finish);
  const check = program.command('check').description('hold recordings of real systems, and unit tests, against the model');
  addCheckKernel(check, io, finish);
  addCheckQemu(check, io, finish);
  addCheckRdm(check, io, finish);
  return program;
}
