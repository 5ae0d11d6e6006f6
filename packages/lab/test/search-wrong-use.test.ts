// SPDX-License-Identifier: MIT
// Wrong use of search and merge: one line that names the option, its value, the limit and what would be right.
import { describe, expect, it } from 'vitest';
import { runInside } from './support/run-inside.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

describe('wrong use of search is told in one line', () => {
  const perPage = ['--model', 'per-page'];
  it.each<[string, string[], string]>([
    ['an unknown model', ['--model', 'x'], "option '--model <model>' argument 'x' is invalid. Allowed choices are world, per-page"],
    ['an unknown strategy', ['x'], "no strategy 'x'; there are uncoordinated"],
    ['an unknown switch', ['extended-rdm', '--without', 'x'], "extended-rdm has no switch 'x'; it has plug-plane"],
    ['a switch without a strategy', ['--without', 'replay'], '--without needs a strategy by name'],
    ['no pages', ['--pages', '0'], "option '--pages <count>' argument '0' is invalid. Give a whole number from 1"],
    ['too many pages', ['--pages', '17'], '--pages 17: --model world takes 1 to 16 pages'],
    ['too many pages one by one', [...perPage, '--pages', '31'], '--pages 31: --model per-page takes 1 to 30 pages'],
    ['no container', ['--containers', '0'], "option '--containers <count>' argument '0' is invalid. Give a whole number from 1"],
    ['too many containers', ['--containers', '5'], '--containers 5: --model world takes 1 to 4 containers'],
    [
      'blocks that leave no boot RAM',
      ['--pages', '3', '--blocks', '3'],
      '--blocks 3: 3 pages leave no page of boot RAM beside 3 blocks; give at most 2, or more --pages',
    ],
    [
      'more faults than kinds of calls',
      ['--containers', '1', '--faults', '3'],
      '--faults 3: of 1 container at most 2 calls of one operation are refused, one map and one unmap of each; give 0 to 2',
    ],
    ['an unknown regime', ['--regime', 'x'], 'Allowed choices are two-backend, in-place'],
    ['races one by one', [...perPage, '--races'], '--races cannot be used with --model per-page; leave it out, or use --model world'],
    ['another regime one by one', [...perPage, '--regime', 'in-place'], '--regime cannot be used with --model per-page'],
    ['every step of worlds', ['--every-step'], '--every-step cannot be used with --model world; leave it out, or use --model per-page'],
    ['an unknown symmetry', ['--symmetry', 'x'], 'Allowed choices are pages, containers'],
    ['pages of worlds that are alike', ['--symmetry', 'pages'], '--model world: operations over runs of pages keep their order; search it without'],
    ['containers of worlds that are alike', ['--symmetry', 'containers'], 'so that they are not alike; search it without, or use --model per-page'],
    ['a shard that is none', ['--shard', '0/2'], "option '--shard <i/n>' argument '0/2' is invalid. Give I/N, from 1/N to N/N"],
    ['a shard beyond the last', ['--shard', '3/2'], 'Give I/N, from 1/N to N/N'],
    ['a shard with a depth', ['--shard', '1/2', '--depth', '3'], '--shard cannot be used with --depth: a shard does not know how far a state is'],
    ['no workers', ['--workers', '0'], 'Give a whole number from 1 to 256'],
    ['too little memory', ['--memory', '1'], 'Give a whole number from 64'],
  ])('%s', (_, args, why) => {
    const { code, out, err } = runInside(['search', ...args], temporaryFolder());
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^sda-lab: [^\n]+\n$/);
    expect(err).toContain(why);
  });
});
