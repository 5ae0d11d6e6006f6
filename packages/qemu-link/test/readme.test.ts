// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { told } from './readme-example.ts';

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

test('the example of the README is the one that runs here', () => {
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(read('../README.md')) ?? [];
  const [, run] = /\/\/ #region example\n([\s\S]*?)\/\/ #endregion/.exec(read('./readme-example.ts')) ?? [];
  expect(shown).toBeDefined();
  expect(shown).toBe(run);
});

test('the README says what the example computes', () => {
  expect(told).toHaveLength(1);
  expect(read('../README.md')).toContain(`Now \`told\` is \`${told[0]}\`.`);
});
