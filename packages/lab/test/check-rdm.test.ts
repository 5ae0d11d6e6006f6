// SPDX-License-Identifier: MIT
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type CheckRdmDocument, checkRdmSchema } from '../src/index.ts';
import { runInside } from './support/run-inside.ts';
import { runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const cases = fileURLToPath(new URL('../../rdm-manager/fixtures/unit-cases/', import.meta.url));
const names = readdirSync(cases).toSorted();

function check(args: readonly string[], folder: string): { code: number; document: CheckRdmDocument } {
  const { code, out, err } = runInside(['check', 'rdm', ...args, '--json'], folder);
  expect(err).toBe('');
  return { code, document: v.parse(checkRdmSchema, JSON.parse(out)) };
}

/** A folder with `odd.jsonl`: the refusals with one status that 11.1 does not answer. */
function oddFolder(): string {
  const folder = temporaryFolder();
  const text = readFileSync(join(cases, 'refusals.jsonl'), 'utf8');
  const refused = '"op":"populate","source":"a","offset":0,"size":2097152,"status":-12';
  expect(text).toContain(refused);
  writeFileSync(join(folder, 'odd.jsonl'), text.replace(refused, refused.replace('-12', '0')));
  return folder;
}

describe('check rdm', () => {
  it('finds the unit cases of rdm-manager without a mismatch', () => {
    const { code, document } = check(names, cases);
    expect([code, document.mismatches, document.files.length]).toEqual([0, 0, 6]);
    expect(document.cases).toBe(86);
    expect(document.operations).toBe(document.files.reduce((sum, { operations }) => sum + operations, 0));
    expect(document.files.map(({ file }) => file)).toEqual(names);
  });

  it('names case and line of a mismatch, and goes on', () => {
    const folder = oddFolder();
    copyFileSync(join(cases, 'walks.jsonl'), join(folder, 'walks.jsonl'));
    const { code, document } = check(['odd.jsonl', 'walks.jsonl'], folder);
    expect([code, document.mismatches, document.files.map(({ mismatches }) => mismatches)]).toEqual([1, 1, [1, 0]]);
    const { case: id, line, op, expected, got, before } = document.files[0]!.first[0]!;
    expect([id, line, op, expected, got, before.length]).toEqual([
      'a refused populate is undone at every listener told, the refusing one included', 7, 'populate', { status: 0 }, { status: -12 }, 5,
    ]);
    const { code: printed, out } = runInside(['check', 'rdm', 'odd.jsonl'], folder);
    expect(printed).toBe(1);
    expect(out).toContain('line 7, populate: expected status=0, got status=-12');
    expect(out).toMatch(/15 cases, 127 operations, 1 mismatches\.\n$/);
  });

  it.each<[string, string, RegExp]>([
    ['a line cut off', '{"case":"x","regionBytes":4096}\n{"op":"add","sou\n', /bad\.jsonl: line 2: /],
    ['an unknown operation', '{"case":"x","regionBytes":4096}\n\n{"op":"fly"}\n', /bad\.jsonl: line 3: .*"fly"/],
    ['an unknown source', '{"case":"x","regionBytes":4096}\n{"op":"add","source":"a"}\n', /bad\.jsonl: line 2: .*"a"/],
    ['an empty file', '', /bad\.jsonl: line 1: /],
    ['a recording of a kernel', '{"op":"hello"}\n', /bad\.jsonl: line 1: /],
  ])('%s is no unit case, and says where', (_, text, where) => {
    const folder = temporaryFolder();
    copyFileSync(join(cases, 'walks.jsonl'), join(folder, 'walks.jsonl'));
    writeFileSync(join(folder, 'bad.jsonl'), text);
    const { code, out, err } = runInside(['check', 'rdm', 'walks.jsonl', 'bad.jsonl', '--json'], folder);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(where);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('reads gzip whatever it is called, and refuses what is not there', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'walks.jsonl'), gzipSync(readFileSync(join(cases, 'walks.jsonl'))));
    expect(check(['walks.jsonl'], folder).code).toBe(0);
    mkdirSync(join(folder, 'empty'));
    for (const absent of ['none.jsonl', 'empty']) expect(runInside(['check', 'rdm', absent], folder).code).toBe(64);
    expect(runInside(['check', 'rdm'], folder).code).toBe(64);
  });

  it('calls cases without a step unknown', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'quiet.jsonl'), '{"case":"x","regionBytes":4096}\n');
    expect(check(['quiet.jsonl'], folder)).toMatchObject({ code: 2, document: { cases: 1, operations: 0, mismatches: 0 } });
  });

  it('prints a table for people', async () => {
    const { code, stdout, stderr } = await runProgram(['check', 'rdm', 'walks.jsonl'], { cwd: cases });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('9 cases, 67 operations, 0 mismatches.\n');
  });
});
