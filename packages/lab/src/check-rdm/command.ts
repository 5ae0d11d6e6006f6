// SPDX-License-Identifier: MIT
import type { Command } from '@commander-js/extra-typings';
import { readRecording } from '../check-kernel/read-recording.ts';
import type { Io } from '../command-line/io.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { checkRdm } from './check-rdm.ts';
import { checkRdmBlocks } from './check-rdm-blocks.ts';

export function addCheckRdm(check: Command, io: Io, finish: (code: ExitCode) => void): void {
  check
    .command('rdm')
    .description('unit tests of a RamDiscardManager as data: every step is performed on the manager of multi-source-rdm')
    .argument('<file...>', 'unit cases, .jsonl or .jsonl.gz')
    .option('--json', 'print one JSON document (sda-lab/check-rdm@1)')
    .action((files, options) => {
      const document = checkRdm(files.map((file) => readRecording(file, io.folder)));
      io.out(options.json === true ? documentText(document) : toTerminal(checkRdmBlocks(document)));
      // Nothing performed is no agreement.
      if (document.operations === 0) finish(EXIT.unknown);
      else finish(document.mismatches === 0 ? EXIT.holds : EXIT.broken);
    });
}
