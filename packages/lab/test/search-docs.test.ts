// SPDX-License-Identifier: MIT
// What the pages show of searches is what the program says, but for the time it takes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../src/command-line/build-program.ts';
import { SEARCH_SCHEMA_ID, searchSchema } from '../src/search/search-document.ts';
import { runProgram } from './support/run-program.ts';

const textOf = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const page = textOf('docs/search.md');

/** Seconds and rate stand in the last two columns. */
const timeless = (text: string): string => text.replaceAll(/ +\d+\.\d\d +[\d,]+$/gm, '').trimEnd();

/** Arguments of every `search` and `merge` in indented and fenced lines. */
function callsIn(text: string): string[][] {
  const lines = text.split('\n').filter((line) => /^(?: {4}npm|npm).* lab -- (?:search|merge)\b/.test(line));
  return lines.map((line) => line.replace(/.* lab -- /, '').replace(/ *[#>].*/, '').split(/ +/).map((word) => word.replaceAll('"', '')));
}

describe('the front page', () => {
  it('shows a search as it is printed', async () => {
    const readme = textOf('README.md');
    const [, call, shown] = /npm run lab -- (search [^\n]+)\n\n```text\n([^`]+)\n```/.exec(readme)!;
    const { code, stdout } = await runProgram(call!.split(' '));
    expect(timeless(stdout)).toBe(timeless(shown!));
    expect(timeless(shown!)).not.toBe(shown);
    expect(code).toBe(0);
  });
});

describe('docs/search.md', () => {
  const program = buildProgram({ out: () => undefined, err: () => undefined, showsProgress: false, folder: '.' }, '0', () => undefined);
  const search = program.commands.find((command) => command.name() === 'search')!;
  const flags = search.options.map(({ long }) => long!);

  it('names every option, and no other', () => {
    const named = new Set([...page.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag));
    named.delete('--prefix');
    named.delete('--silent');
    expect([...named].toSorted()).toEqual([...flags].toSorted());
  });

  it('shows only calls that are understood', () => {
    const calls = [...callsIn(page), ...callsIn(textOf('README.md'))];
    expect(calls.length).toBeGreaterThan(8);
    for (const [verb, ...args] of calls) {
      const command = program.commands.find((one) => one.name() === verb)!;
      const words = args.map((word) => word.replace('$I', '1'));
      for (const word of words.filter((one) => one.startsWith('-'))) expect(command.options.map(({ long }) => long)).toContain(word);
    }
  });

  it('names the schema, and every member of its document', () => {
    const members = [...Object.keys(searchSchema.entries), ...Object.keys(searchSchema.entries.strategies.item.entries)];
    const shown = page.slice(page.indexOf(SEARCH_SCHEMA_ID));
    for (const member of members) expect(shown).toContain(member);
  });
});
