// SPDX-License-Identifier: MIT
import type { Command } from '@commander-js/extra-typings';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Io } from '../command-line/io.ts';
import { documentText } from '../document-text.ts';
import type { ExitCode } from '../exit-code.ts';
import { toTerminal } from '../text/to-terminal.ts';
import { UsageError } from '../usage-error.ts';
import { exitOfSearch } from './exit-of-search.ts';
import { mergeDocuments, type NamedText } from './merge-documents.ts';
import { searchBlocks } from './search-blocks.ts';

export function addMerge(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  program
    .command('merge')
    .description('join the documents of search --shard I/N --json: all shards of one search')
    .argument('<file...>', 'one document each')
    .option('--json', 'print one JSON document (sda-lab/search@1)')
    .action((files, options) => {
      const document = mergeDocuments(files.map((file) => readText(file, io.folder)));
      io.out(options.json === true ? documentText(document) : toTerminal(searchBlocks(document)));
      finish(exitOfSearch(document));
    });
}

function readText(name: string, folder: string): NamedText {
  try {
    return { name, text: readFileSync(resolve(folder, name), 'utf8') };
  } catch (error) {
    throw new UsageError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}); merge takes documents of search --shard I/N --json`);
  }
}
