// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { BACKEND_IDS } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';
import { container, cut, isStale, mapped } from './readme-example.ts';

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
    expect({ mapped, cut, mappings: container.mappingCount, isStale }).toEqual({
      mapped: 0,
      cut: 0,
      mappings: 15,
      isStale: true,
    });
    expect(textOf('../README.md')).toContain('`mapped` and `cut` are 0, 15 mappings are left, and `isStale` is true');
  });

  test.each(BACKEND_IDS)('tells of %s', (backend) => {
    expect(textOf('../README.md')).toContain(`\`${backend}\``);
  });
});
