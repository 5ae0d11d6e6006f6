// SPDX-License-Identifier: MIT
import type { Command } from '@commander-js/extra-typings';
import { readRecording } from '../check-kernel/read-recording.ts';
import type { Io } from '../command-line/io.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { checkQemu } from './check-qemu.ts';
import { checkQemuBlocks } from './check-qemu-blocks.ts';

export function addCheckQemu(check: Command, io: Io, finish: (code: ExitCode) => void): void {
  check
    .command('qemu')
    .description('recordings of a real QEMU 11.1: what it did at each request is compared with the models')
    .argument('<file...>', 'recordings, .jsonl or .jsonl.gz')
    .option('--json', 'print one JSON document (sda-lab/check-qemu@1)')
    .action((files, options) => {
      const document = checkQemu(files.map((file) => readRecording(file, io.folder)));
      io.out(options.json === true ? documentText(document) : toTerminal(checkQemuBlocks(document)));
      // A stream that cannot be compared is named as skipped and is no disagreement.
      finish(document.mismatches === 0 ? EXIT.holds : EXIT.broken);
    });
}
