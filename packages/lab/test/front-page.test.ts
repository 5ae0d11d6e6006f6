// SPDX-License-Identifier: MIT
// What the front page shows is what the commands print; the changelog leaves out nothing that one can call by name.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';
import { runProgram } from './support/run-program.ts';

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/```text\n([\s\S]*?)\n```/g)].map(([, body]) => body!);

describe('the front page', () => {
  it('shows a replay as it is printed', async () => {
    const [, history] = /lab -- replay '([^']+)' --strategy ram-block-attributes/.exec(readme)!;
    const { stdout, code } = await runProgram(['replay', history!, '--strategy', 'ram-block-attributes']);
    expect(code).toBe(1);
    expect(stdout.trimEnd()).toBe(blocks[1]);
  });

  it('counts the additions of both designs', () => {
    const counts = ['extended-rdm', 'notifier-list'].map((id) => STRATEGIES.find((strategy) => strategy.id === id)!.additions.length);
    expect(readme).toContain(`What each had to add, ${counts.join(' and ')} parts,`);
  });

  it('links to pages that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(5);
    for (const path of links) expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).not.toBe('');
  });
});

describe('the changelog', () => {
  const changelog = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8');
  const verbs = async (...args: string[]): Promise<string[]> => {
    const { stdout } = await runProgram([...args, '--help']);
    const [, commands] = /^Commands:\n([\s\S]*)/m.exec(stdout)!;
    return [...commands!.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');
  };

  it('names every package and every design', () => {
    const packages = readdirSync(new URL('../../../packages', import.meta.url));
    const missing = [...packages, ...STRATEGIES.map(({ id }) => id)].filter((name) => !changelog.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  it('names every verb', async () => {
    const checks = (await verbs('check')).map((name) => `check ${name}`);
    const named = [...(await verbs()).filter((name) => name !== 'check'), ...checks];
    expect(named).toEqual(expect.arrayContaining(['evaluate', 'check qemu']));
    expect(named.filter((name) => !changelog.includes(`\`${name}\``))).toEqual([]);
  });

  it('links to pages that exist', () => {
    const links = [...changelog.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(2);
    for (const path of links) expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).not.toBe('');
  });
});
