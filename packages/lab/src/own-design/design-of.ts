// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { STRATEGIES } from '../strategies.ts';
import { UsageError } from '../usage-error.ts';
import { isTypeScript } from './is-design-file.ts';
import type { Job } from './protocol.ts';

/** What every job on a design needs; refuses a file that is not there, and TypeScript where Node does not run it. */
export function designOf(name: string, folder: string): Pick<Job, 'file' | 'name' | 'taken'> {
  const file = resolve(folder, name);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`there is no file ${name}; give the path of a module with a strategy, or an id`);
  if (found.isDirectory()) throw new UsageError(`${name} is a folder; give the path of the module in it, such as ${inFolder(name)}, or an id`);
  if (isTypeScript(name) && !runsTypeScript()) {
    const { node } = process.versions;
    throw new UsageError(`${name}: Node ${node} does not run TypeScript; use Node 22.18, 23.6 or newer, or give the compiled .js`);
  }
  return { file, name, taken: Object.fromEntries(STRATEGIES.map(({ id }) => [id, 'a design of the lab'])) };
}

function inFolder(name: string): string {
  return `${name.replace(/[/\\]+$/, '')}/my-strategy.js`;
}

function runsTypeScript(): boolean {
  return 'typescript' in process.features && process.features.typescript !== false;
}
