// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answers, runs } from './readme-example.ts';

function textOf(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

function between(text: string, from: string, to: string): string {
  const start = text.indexOf(from);
  const end = text.indexOf(to, start + from.length);
  if (start < 0 || end < 0) throw new Error(`no stretch from ${from} to ${to}`);
  return text.slice(start + from.length, end).trim();
}

describe('README.md', () => {
  test('shows the example that runs here', () => {
    const shown = between(textOf('../README.md'), '```ts', '```');
    expect(shown).toBe(between(textOf('./readme-example.ts'), '// #region example', '// #endregion'));
    expect(shown.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
  });

  test('names the results the example computes', () => {
    expect(answers).toEqual(['mixed', 1024, 512]);
    expect(runs).toEqual([[0, 512]]);
    const prose = textOf('../README.md');
    expect(prose).toContain("`answers` is `['mixed', 1024, 512]`");
    expect(prose).toContain('`runs` is `[[0, 512]]`');
  });
});
