// SPDX-License-Identifier: MIT
/**
 * One run of the command line, from arguments to exit code. Whatever goes wrong ends here: wrong use as one line with
 * what would be right, a fault of our own with its stack.
 */
import { CommanderError } from '@commander-js/extra-typings';
import { readFileSync } from 'node:fs';
import { buildProgram } from './command-line/build-program.ts';
import type { Io } from './command-line/io.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { UsageError } from './usage-error.ts';

/** A promise from verbs that wait for a Worker; all others are done when this returns. */
export function runLab(args: readonly string[], io: Io): ExitCode | Promise<ExitCode> {
  let code = EXIT.ownFault as ExitCode | Promise<ExitCode>;
  try {
    const program = buildProgram(io, ownVersion(), (verdict) => {
      code = verdict;
    });
    program.parse(args, { from: 'user' });
    return typeof code === 'number' ? code : code.catch((error: unknown) => failed(error, io));
  } catch (error) {
    return failed(error, io);
  }
}

function failed(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return commanderExit(error, io);
  if (error instanceof UsageError) return wrongUse(error.message, io);
  io.err(`sda-lab: internal fault: ${(error as Error).stack ?? String(error)}\n`);
  return EXIT.ownFault;
}

/** commander throws for help and for the version too. */
function commanderExit(error: CommanderError, io: Io): ExitCode {
  if (error.exitCode === 0) return EXIT.holds;
  // Help after a call without a verb has been written already.
  if (error.code === 'commander.help') return EXIT.wrongUse;
  const isVerb = error.code === 'commander.unknownCommand';
  const hint = isVerb ? '; the verbs are evaluate, conform, search, replay, merge, bench, check kernel, check qemu and check rdm' : '; --help shows the usage';
  return wrongUse(`${error.message.replace(/^error: /, '').replace(/\.$/, '')}${hint}`, io);
}

function wrongUse(message: string, io: Io): ExitCode {
  io.err(`sda-lab: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  return EXIT.wrongUse;
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
