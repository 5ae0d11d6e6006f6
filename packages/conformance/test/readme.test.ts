// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { deviceRead, failedCases, verdict, words } from './readme-example.ts';

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
  const readme = textOf('../README.md');

  test('shows the example that runs here', () => {
    const shown = between(readme, '```ts', '```');
    expect(shown).toBe(between(textOf('./readme-example.ts'), '// #region example', '// #endregion'));
    expect(shown.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(10);
  });

  test('names the results the example computes', () => {
    expect(deviceRead).toBe('0 0xa1');
    expect(verdict).toBe('broken');
    expect(failedCases).toContain('six-steps/device-reads-what-the-guest-wrote');
    const prose = readme.replaceAll(/\s+/g, ' ');
    expect(prose).toContain('`deviceRead` is `0 0xa1`');
    expect(prose).toContain('`verdict` is `broken`');
    expect(prose).toContain(words);
  });
});
