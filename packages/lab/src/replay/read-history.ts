// SPDX-License-Identifier: MIT
import { type History, HistoryError, historyFromJsonLines, parseHistory } from '@sda-lab/conformance';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../usage-error.ts';

/** One that separates operations; inside parentheses a line may be broken anywhere. */
const LINE_BREAK = /\n(?![^(]*\))/g;

/**
 * A history given on the command line: the one-line text itself, or a file with it, or a `.jsonl` file. In a text file
 * a line break separates operations as well as `;` does.
 */
export function readHistory(given: string, folder: string): History {
  if (given.trim() === '') throw new UsageError('replay: the history is empty; write for example attach(c0); convert(0+1,shared)');
  const file = resolve(folder, given);
  const isFile = given.endsWith('.jsonl') || existsSync(file);
  try {
    if (!isFile) return parseHistory(given);
    const text = readText(file, given);
    const startsAsJson = text.trimStart().startsWith('{');
    return startsAsJson || given.endsWith('.jsonl') ? historyFromJsonLines(text) : parseHistory(text.replaceAll(LINE_BREAK, ';'));
  } catch (error) {
    if (!(error instanceof HistoryError)) throw error;
    const name = isFile ? `${given}: ` : '';
    const looksLikePath = !isFile && /^[^\s();]*[./][^\s();]*$/.test(given);
    throw new UsageError(`${name}${error.message}${looksLikePath ? `; and there is no file ${given}` : ''}`);
  }
}

function readText(file: string, given: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${given} cannot be read: ${(error as Error).message}; give a history or a file with one`);
  }
}
