// SPDX-License-Identifier: MIT
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type CheckQemuDocument, checkQemuSchema } from '../src/index.ts';
import { runInside } from './support/run-inside.ts';
import { runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const fixtures = fileURLToPath(new URL('../../qemu-link/fixtures/', import.meta.url));
const RANDOM = 'qemu/random-7.jsonl.gz';
const VMEM = 'qemu-confidential/vmem.jsonl.gz';
const SKIPPED = 'qemu/fault-dyn-memslots.jsonl.gz';
const page = readFileSync(new URL('../../../docs/check-qemu.md', import.meta.url), 'utf8');

function check(args: readonly string[], folder: string): { code: number; document: CheckQemuDocument } {
  const { code, out, err } = runInside(['check', 'qemu', ...args, '--json'], folder);
  expect(err).toBe('');
  return { code, document: v.parse(checkQemuSchema, JSON.parse(out)) };
}

describe('check qemu', () => {
  it('finds recordings of QEMU 11.1.3 equal to the models, and names what it skips', () => {
    const { code, document } = check([RANDOM, VMEM, SKIPPED], fixtures);
    expect(code).toBe(0);
    expect(document).toMatchObject({ schema: 'sda-lab/check-qemu@1', requests: 2937, messages: 5235, mismatches: 0 });
    expect(document.files.map(({ file, requests }) => [file, requests])).toEqual([[RANDOM, 2924], [VMEM, 13], [SKIPPED, 0]]);
    expect(document.files.map(({ skipped }) => skipped)).toEqual([undefined, undefined, expect.stringContaining('no mark carries an answer')]);
  });

  it('a stream that is skipped changes no exit code, also alone', () => {
    expect(check([SKIPPED], fixtures)).toMatchObject({ code: 0, document: { requests: 0, mismatches: 0 } });
  });

  it('names the line where QEMU did otherwise', () => {
    const folder = temporaryFolder();
    const text = gunzipSync(readFileSync(join(fixtures, RANDOM))).toString('utf8');
    const moved = text.replace('"iova":"0x102c00000"', '"iova":"0x102e00000"');
    expect(moved).not.toBe(text);
    writeFileSync(join(folder, 'odd.jsonl'), moved);
    const { code, document } = check(['odd.jsonl'], folder);
    expect([code, document.mismatches]).toEqual([1, 1]);
    expect(document.files[0]!.first).toEqual([
      {
        line: 22,
        request: 'op 3 PLUG 21+5',
        expected: 'vu0 DMA_MAP iova 0x102e00000 size 0x200000 flags 3 offset 0x2c00000',
        got: 'vu0 DMA_MAP iova 0x102c00000 size 0x200000 flags 3 offset 0x2c00000',
      },
    ]);
    expect(runInside(['check', 'qemu', 'odd.jsonl'], folder)).toMatchObject({ code: 1, out: expect.stringContaining('line 22, op 3 PLUG 21+5') });
  });

  it.each<[string, string, RegExp]>([
    ['a line cut off', '{"src":"mark","ev":"START"}\n{"src":"vu0"\n', /bad\.jsonl: line 2, /],
    ['a recording of a kernel', '{"op":"hello"}\n', /bad\.jsonl: line 1, .*"src"/],
    ['an empty file', '', /bad\.jsonl: line 1, /],
  ])('%s is no recording, and says where', (_, text, where) => {
    const folder = temporaryFolder();
    copyFileSync(join(fixtures, VMEM), join(folder, 'vmem.jsonl.gz'));
    writeFileSync(join(folder, 'bad.jsonl'), text);
    const { code, out, err } = runInside(['check', 'qemu', 'vmem.jsonl.gz', 'bad.jsonl', '--json'], folder);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(where);
    expect(err.trimEnd()).not.toContain('\n');
  });

  it('refuses a file that is not there, and no file', () => {
    expect(runInside(['check', 'qemu', 'none.jsonl'], temporaryFolder()).code).toBe(64);
    expect(runInside(['check', 'qemu']).code).toBe(64);
  });
});

describe('docs/check-qemu.md', () => {
  const recordings = [...page.matchAll(/```jsonl\n([\s\S]*?)```/g)].map(([, body]) => body!);

  it('shows a recording with answers that the models agree with', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'one.jsonl'), recordings[0]!);
    const { code, document } = check(['one.jsonl'], folder);
    expect(code).toBe(0);
    expect(document.files[0]).toMatchObject({ requests: 5, messages: 6, leftOut: { 'outside the device': 1 } });
  });

  it('shows a recording of a confidential guest, and what the check says of it', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'two.jsonl'), recordings[1]!);
    const { code, stdout, stderr } = await runProgram(['check', 'qemu', 'two.jsonl'], { cwd: folder });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.trimEnd()).toBe(/```text\n([\s\S]*?)\n```/.exec(page)![1]);
  });

  it('names every kind of what is left out in the fixtures', () => {
    const confidential = ['basic', 'balloon-plain', 'viommu', 'vmem'].map((name) => `qemu-confidential/${name}.jsonl.gz`);
    const { document } = check([RANDOM, ...confidential], fixtures);
    const kinds = new Set(document.files.flatMap(({ leftOut }) => Object.keys(leftOut)));
    expect([...kinds].toSorted()).toEqual(['balloon', 'firmware measured', 'outside the device', 'start', 'vIOMMU']);
    for (const kind of kinds) expect(page).toContain(`\`${kind}\``);
  });
});
