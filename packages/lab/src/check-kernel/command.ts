// SPDX-License-Identifier: MIT
import { type Command, Option } from '@commander-js/extra-typings';
import { KERNEL_VERSIONS } from '@sda-lab/vfio-mock';
import type { Io } from '../command-line/io.ts';
import { documentText } from '../document-text.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { checkKernel } from './check-kernel.ts';
import { checkKernelBlocks } from './check-kernel-blocks.ts';
import { readRecording } from './read-recording.ts';

export function addCheckKernel(check: Command, io: Io, finish: (code: ExitCode) => void): void {
  check
    .command('kernel')
    .description('recordings of real kernels: every answer is compared with the model of that kernel')
    .argument('<file...>', 'recordings, .jsonl or .jsonl.gz')
    .addOption(new Option('--kernel <version>', 'of the recordings; else their names say it').choices(KERNEL_VERSIONS))
    .option('--json', 'print one JSON document (sda-lab/check-kernel@1)')
    .action((files, options) => {
      const recordings = files.map((file) => readRecording(file, io.folder));
      const document = checkKernel(recordings, options.kernel);
      io.out(options.json === true ? documentText(document) : toTerminal(checkKernelBlocks(document)));
      // Nothing compared is no agreement.
      if (document.operations === 0) finish(EXIT.unknown);
      else finish(document.mismatches === 0 ? EXIT.holds : EXIT.broken);
    });
}
