// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { found } from './readme-example.ts';

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

test('the example of the README is the one that runs here, in ten lines at most', () => {
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
  const [, run] = /\/\/ #region example\n([\s\S]*?)\/\/ #endregion/.exec(read('./readme-example.ts')) ?? [];
  expect(shown).toBeDefined();
  expect(shown).toBe(run);
  expect(shown!.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
});

test('the example computes what the README says', () => {
  const [, shown] = /```text\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
  expect(shown?.trimEnd().split('\n')).toEqual(found);
});
