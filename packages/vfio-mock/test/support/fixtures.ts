// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Fixture {
  readonly fileName: string;
  readonly text: string;
}

/** Recordings of real kernels with a device, or a mock domain. */
export const FIXTURES: readonly Fixture[] = fixturesIn('kernel');

/** Recordings of memory operations alone, made by the lab on a kernel without any device. */
export const MEMORY_FIXTURES: readonly Fixture[] = fixturesIn('memory');

export function fixture(start: string): Fixture {
  const found = FIXTURES.find(({ fileName }) => fileName.startsWith(start));
  if (found === undefined) throw new Error(`no fixture begins with ${start}`);
  return found;
}

function fixturesIn(name: string): Fixture[] {
  const folder = new URL(`../fixtures/${name}/`, import.meta.url);
  return readdirSync(folder)
    .toSorted()
    .map((fileName) => ({
      fileName,
      text: gunzipSync(readFileSync(new URL(fileName, folder))).toString('utf8'),
    }));
}
