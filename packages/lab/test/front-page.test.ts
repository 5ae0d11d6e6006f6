// SPDX-License-Identifier: MIT
// What the front page shows is what the commands print.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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

  it('links to pages that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(5);
    for (const path of links) expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).not.toBe('');
  });
});
