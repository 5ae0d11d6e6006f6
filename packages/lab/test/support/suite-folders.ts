// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes folders that are removed when the file's tests are over: tests that run side by side cannot tell whose it is. */
export function suiteFolders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'sda-lab-test-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return () => mkdtempSync(join(root, 'folder-'));
}
