// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';

export interface UnitCaseFile {
  readonly name: string;
  readonly text: string;
}

/** The unit cases of this package. */
export function unitCaseFiles(): readonly UnitCaseFile[] {
  const folder = new URL('../../fixtures/unit-cases/', import.meta.url);
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));
}
