// SPDX-License-Identifier: MIT
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type CheckKernelDocument, checkKernelSchema } from '../src/index.ts';
import { runInside } from './support/run-inside.ts';
import { runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const names = readdirSync(fixtures).toSorted();
const TYPE1 = 'stale-type1-7.2.jsonl.gz';

function check(args: readonly string[], folder: string): { code: number; document: CheckKernelDocument } {
  const { code, out, err } = runInside(['check', 'kernel', ...args, '--json'], folder);
  expect(err).toBe('');
  return { code, document: v.parse(checkKernelSchema, JSON.parse(out)) };
}

/** The recording as text, with one piece of it replaced. */
function altered(from: string, to: string): string {
  const text = gunzipSync(readFileSync(join(fixtures, TYPE1))).toString('utf8');
  expect(text).toContain(from);
  return text.replace(from, to);
}

describe('check kernel', () => {
  it('finds the recordings of this package equal to the model', () => {
    const { code, document } = check(names, fixtures);
    expect([code, document.mismatches, document.files.length]).toEqual([0, 0, 4]);
    expect(document.operations).toBe(524);
    expect(document.files.map(({ kernel }) => kernel)).toEqual(['7.2', '7.2', '6.1', '7.2']);
  });

  it('has the same recordings as vfio-mock, byte for byte', () => {
    const others = fileURLToPath(new URL('../../vfio-mock/test/fixtures/kernel/', import.meta.url));
    expect(names).toHaveLength(4);
    for (const name of names) expect(readFileSync(join(fixtures, name)).equals(readFileSync(join(others, name)))).toBe(true);
  });

  it('names the line where a kernel answered otherwise', () => {
    const folder = temporaryFolder();
    const text = altered('"dmar","be":"type1","iova":"0x100000","val":"0xb2b2b2b2"', '"dmar","be":"type1","iova":"0x100000","val":"0xdead"');
    writeFileSync(join(folder, 'odd-7.2.jsonl'), text);
    const { code, document } = check(['odd-7.2.jsonl'], folder);
    expect([code, document.mismatches]).toEqual([1, 1]);
    const { line, op, expected, got, before } = document.files[0]!.first[0]!;
    expect([line, op, expected.val, got.val, before.length]).toEqual([29, 'dmar', '0xdead', '0xb2b2b2b2', 5]);
    const { code: printed, out } = runInside(['check', 'kernel', 'odd-7.2.jsonl'], folder);
    expect(printed).toBe(1);
    expect(out).toMatch(/line 29, dmar: the kernel .*val=0xdead.*, the model .*val=0xb2b2b2b2/);
  });

  it.each<[string, string, RegExp]>([
    ['a line cut off', '{"op":"map","iova"\n', /bad\.jsonl: line 1, column \d+: /],
    ['an unknown operation', '{"op":"hello"}\n{"op":"fly"}\n', /bad\.jsonl: line 2, column 7: .*"fly"/],
    ['an empty file', '', /bad\.jsonl: line 1, column 1: /],
    ['something else', '# notes\n', /bad\.jsonl: line 1, column 1: /],
  ])('%s is no recording, and says where', (_, text, where) => {
    const folder = temporaryFolder();
    copyFileSync(join(fixtures, TYPE1), join(folder, TYPE1));
    writeFileSync(join(folder, 'bad.jsonl'), text);
    const { code, out, err } = runInside(['check', 'kernel', TYPE1, 'bad.jsonl', '--json'], folder);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(where);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('reads gzip whatever it is called, and refuses a broken one', () => {
    const folder = temporaryFolder();
    copyFileSync(join(fixtures, TYPE1), join(folder, 'plain-7.2.jsonl'));
    expect(check(['plain-7.2.jsonl'], folder).code).toBe(0);
    writeFileSync(join(folder, 'cut.jsonl.gz'), gzipSync('{"op":"hello"}\n').subarray(0, 12));
    const { code, err } = runInside(['check', 'kernel', 'cut.jsonl.gz'], folder);
    expect(code).toBe(64);
    expect(err).toMatch(/^sda-lab: cut\.jsonl\.gz cannot be read: /);
  });

  it('calls a recording without operations unknown', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'quiet.jsonl'), '{"op":"hello"}\n{"op":"bye"}\n');
    expect(check(['quiet.jsonl'], folder)).toMatchObject({ code: 2, document: { operations: 0, mismatches: 0 } });
  });

  it('takes the kernel from the option before the name', () => {
    const { document } = check([TYPE1, '--kernel', '6.1'], fixtures);
    expect(document.files[0]!.kernel).toBe('6.1');
  });

  it('prints a table for people', async () => {
    const { code, stdout, stderr } = await runProgram(['check', 'kernel', TYPE1], { cwd: fixtures });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('131 operations compared, 0 mismatches.\n');
  });
});
