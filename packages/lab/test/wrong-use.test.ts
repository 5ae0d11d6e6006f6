// SPDX-License-Identifier: MIT
// Wrong use: exit code 64, nothing on standard output, one line on standard error that says what would be right.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runInside } from './support/run-inside.ts';
import { runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** The one line that wrong use gets; fails on anything else. */
function refusalOf({ code, out, err }: ReturnType<typeof runInside>): string {
  expect([code, out]).toEqual([64, '']);
  expect(err).toMatch(/^sda-lab: [^\n]+\n$/);
  return err;
}

describe('wrong use is told in one line', () => {
  it.each<[string, string[], string]>([
    ['an unknown verb', ['foo'], 'the verbs are evaluate, conform, search, replay, merge, bench, check kernel, check qemu and check rdm'],
    ['an unknown kind of check', ['check', 'foo'], 'check kernel'],
    ['an unknown option', ['conform', '--sed', '3'], 'Did you mean --seed?'],
    ['an option without its value', ['conform', '--runs'], 'argument missing'],
    ['runs that are no number', ['conform', '--runs', 'x'], 'Give a whole number from 0'],
    ['negative runs', ['conform', '--runs=-1'], 'Give a whole number from 0'],
    ['runs in scientific notation', ['conform', '--runs', '1e3'], 'Give a whole number from 0'],
    ['a seed too large', ['evaluate', '--seed', '2000000001'], 'Give a whole number from 0 to 2000000000'],
    ['an unknown backend', ['conform', '--backend', 'vfio'], 'Allowed choices are type1v2, iommufd'],
    ['an unknown strategy', ['conform', 'nope'], 'there are uncoordinated, blocked'],
    ['an unknown strategy among others', ['conform', 'blocked', 'nope'], 'there are uncoordinated, blocked'],
    ['a switch without a strategy', ['conform', '--without', 'replay'], '--without needs a strategy'],
    ['an unknown switch', ['conform', 'extended-rdm', '--without', 'nope'], 'it has plug-plane'],
    ['a switch one of two lacks', ['conform', 'extended-rdm', 'notifier-list', '--without', 'plug-plane'], 'notifier-list has no switch'],
    ['an argument too many', ['evaluate', 'x'], 'too many arguments'],
    ['no history', ['replay'], "missing required argument 'history'"],
    ['no strategy', ['replay', 'attach(c0)'], 'replay needs --strategy; there are uncoordinated'],
    ['an unknown strategy to replay', ['replay', 'attach(c0)', '--strategy', 'nope'], 'there are uncoordinated'],
    ['an unknown operation', ['replay', 'jump(1)', '--strategy', 'blocked'], 'known are convert(PAGE+COUNT,shared|private)'],
    ['a page outside the world', ['replay', 'touch(8)', '--strategy', 'blocked'], 'pages 0 to 7'],
    ['a file that is not there', ['replay', 'a/b.txt', '--strategy', 'blocked'], 'there is no file a/b.txt'],
    ['a regime the design lacks', ['replay', 'world(regime=in-place); attach(c0)', '--strategy', 'blocked'], 'it has two-backend'],
    ['no recording', ['check', 'kernel'], "missing required argument 'file'"],
    ['an unknown kernel', ['check', 'kernel', 'x', '--kernel', '9'], 'Allowed choices are 6.1, 6.12, 7.2, 7.3'],
    ['a recording that is not there', ['check', 'kernel', 'nope.jsonl'], 'give a .jsonl or .jsonl.gz recording'],
    ['a folder as recording', ['check', 'kernel', '.'], 'give a .jsonl or .jsonl.gz recording'],
  ])('%s', (_, args, hint) => {
    expect(refusalOf(runInside(args, temporaryFolder()))).toContain(hint);
  });

  it.each<[string, string, string]>([
    ['history.jsonl', '{"schema":"sda-lab/history@2"}\n', 'line 1'],
    ['history.jsonl', '{"schema":"sda-lab/history@1"}\n{"op":"jump"}\n', 'line 2'],
    ['history.jsonl', '', 'the file is empty'],
    ['history.txt', 'attach(c0); jump(1)\n', 'operation 2'],
  ])('a malformed %s, %j', (name, text, where) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), text);
    const line = refusalOf(runInside(['replay', name, '--strategy', 'blocked'], folder));
    expect(line).toContain(where);
    expect(line).toContain(`${name}: `);
  });

  it('a folder that cannot hold the report, before any work', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'out'), 'a file');
    expect(refusalOf(runInside(['evaluate'], folder))).toContain('run this in a folder you may write to');
  });
});

describe('help and version', () => {
  it('no verb shows the help on standard error', () => {
    for (const args of [[], ['check']]) {
      const { code, out, err } = runInside(args);
      expect([code, out]).toEqual([64, '']);
      expect(err).toContain('Usage: sda-lab');
    }
  });

  it('--help tells the exit codes on standard output', () => {
    const { code, out, err } = runInside(['--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}64 .*\n {2}70 /);
  });

  it('--version tells the version of the package', () => {
    expect(runInside(['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' });
  });
});

describe('the process', () => {
  it('ends with 64 and keeps standard output clean', async () => {
    const { code, stdout, stderr } = await runProgram(['conform', 'nope', '--json']);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/^sda-lab: no strategy 'nope'[^\n]*\n$/);
  });

  it('survives a reader that leaves early, with its exit code', async () => {
    const history = 'attach(c0); convert(0+1,shared); convert(0+1,private)';
    const run = await runProgram(['replay', history, '--strategy', 'uncoordinated'], { leaveEarly: true });
    expect(run).toEqual({ code: 1, stdout: '', stderr: '' });
  });
});
