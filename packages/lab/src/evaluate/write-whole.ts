// SPDX-License-Identifier: MIT
import { accessSync, constants, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../usage-error.ts';

export interface FileToWrite {
  readonly name: string;
  readonly text: string;
}

/** Makes the subfolder, or says at once that nothing can be written there. */
export function prepareFolder(folder: string, subfolder: string): void {
  try {
    mkdirSync(join(folder, subfolder), { recursive: true });
    accessSync(join(folder, subfolder), constants.W_OK);
  } catch (error) {
    throw cannotWrite(subfolder, error);
  }
}

function cannotWrite(subfolder: string, error: unknown): UsageError {
  return new UsageError(`${subfolder} cannot be written: ${(error as Error).message}; run this in a folder you may write to`);
}

/**
 * Writes files into a prepared subfolder, all of them whole or none: each under a temporary name first, renamed when all are
 * there. Answers their names as seen from `folder`.
 */
export function writeWhole(folder: string, subfolder: string, files: readonly FileToWrite[]): string[] {
  const target = join(folder, subfolder);
  const pairs = files.map(({ name, text }) => ({ final: join(target, name), draft: join(target, `.${name}.${process.pid}`), text }));
  try {
    for (const { draft, text } of pairs) writeFileSync(draft, text);
    for (const { draft, final } of pairs) renameSync(draft, final);
  } catch (error) {
    for (const { draft } of pairs) rmSync(draft, { force: true });
    throw cannotWrite(subfolder, error);
  }
  return files.map(({ name }) => `${subfolder}/${name}`);
}
