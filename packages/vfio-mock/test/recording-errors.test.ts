// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { checkRecording, RecordingError } from '@sda-lab/vfio-mock';
import { describe, expect, test } from 'vitest';

function errorOf(text: string): RecordingError {
  try {
    checkRecording(text);
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
  throw new Error('the text was taken for a recording');
}

const HELLO = '{"op":"hello"}\n';

describe('a text that is no recording is refused with line and column', () => {
  test.each([
    { name: 'an empty text', text: '', line: 1, column: 1 },
    { name: 'no JSON', text: `${HELLO}op=map`, line: 2, column: 1 },
    { name: 'an unfinished line', text: `${HELLO}{"op":"map","iova"`, line: 2, column: 19 },
    { name: 'a stray comma', text: '{"op":"close",}', line: 1, column: 15 },
    { name: 'an unfinished string', text: '{"op":"close', line: 1, column: 13 },
    { name: 'a wrong escape', text: '{"op":"no\\qte"}', line: 1, column: 11 },
    { name: 'text after the object', text: '{"op":"close"} x', line: 1, column: 16 },
    { name: 'a field twice', text: '{"op":"close","op":"bye"}', line: 1, column: 15 },
    { name: 'an empty line inside', text: `${HELLO}\n{"op":"bye"}`, line: 2, column: 1 },
    { name: 'lines of another format', text: '{"n":1,"us":5,"src":"vu0","ev":"connect"}', line: 1, column: 1 },
    { name: 'an unknown operation', text: `${HELLO}{"op":"frobnicate"}`, line: 2, column: 7 },
    { name: 'a name of Object', text: '{"op":"toString"}', line: 1, column: 7 },
    { name: 'a missing field', text: '{"op":"punch","off":"0x0","errno":"0"}', line: 1, column: 1 },
    { name: 'a wrong number', text: '{"op":"r","off":"4096","val":"0x1"}', line: 1, column: 17 },
    { name: 'a number beyond 64 bits', text: '{"op":"r","off":"0x0","val":"0x11112222333344445"}', line: 1, column: 29 },
    { name: 'a wrong errno', text: '{"op":"unmapall","errno":"no","unmapped":"0x0"}', line: 1, column: 26 },
    { name: 'an unknown backend', text: '{"op":"backend","kind":"spapr","errno":"0"}', line: 1, column: 24 },
    { name: 'a machine without ranges', text: '{"op":"hello","ranges":[]}', line: 1, column: 24 },
    { name: 'a machine with ranges that overlap', text: '{"op":"hello","ranges":[["0x0","0x9"],["0x9","0xf"]]}', line: 1, column: 24 },
    { name: 'a machine without page sizes', text: '{"op":"hello","ranges":[["0x0","0x9"]],"pgsizes":"0x0"}', line: 1, column: 50 },
    { name: 'a call without a backend', text: `${HELLO}{"op":"unmapall","errno":"0"}`, line: 2, column: 7 },
  ])('$name', ({ text, line, column }) => {
    expect(errorOf(text)).toMatchObject({ code: 'RECORDING', line, column });
  });

  test('fields and numbers of any JSON writer are taken', () => {
    const text = '{ "op" : "note", "text": "\\u0041\\n", "more": [1, -2.5e3, true, null, []] }\r\n{"op":"bye"}\r\n';
    expect(checkRecording(text)).toMatchObject({ operations: 0, mismatches: 0 });
  });

  test('a backend the recorder could not open leaves its calls uncompared', () => {
    const text = [
      '{"op":"backend","kind":"iommufd","errno":"ENOENT"}',
      '{"op":"unmapall","errno":"EBADF"}',
      '{"op":"close"}',
    ].join('\n');
    expect(checkRecording(text)).toMatchObject({ operations: 0, mismatches: 0 });
  });
});

describe('the machine of a recording', () => {
  const after = (hello: string, ranges: string): string =>
    [
      hello,
      '{"op":"backend","kind":"type1","errno":"0"}',
      `{"op":"info","errno":"0","ranges":${ranges}}`,
      '{"op":"map","iova":"0x8000000000","size":"0x1000","off":"0x0","prot":"rw","errno":"EINVAL"}',
    ].join('\n');
  const RANGES = '[["0x0","0x7fffffffff"]]';
  const AMD = '[["0x0","0xfedfffff"],["0xfef00000","0xfcffffffff"],["0x10000000000","0x7f7fffffefff"]]';

  test.each([
    { name: 'is what hello declares', hello: `{"op":"hello","ranges":${RANGES}}`, ranges: RANGES, mismatches: 0 },
    { name: 'is not what an info line shows', hello: '{"op":"hello"}', ranges: RANGES, mismatches: 2 },
    { name: 'is a known one when info lines show it', hello: '{"op":"hello"}', ranges: AMD, mismatches: 1 },
  ])('$name', ({ hello, ranges, mismatches }) => {
    expect(checkRecording(after(hello, ranges), { kernel: '7.2' })).toMatchObject({ operations: 2, mismatches });
  });
});

test('the recording shown in docs/recording-format.md replays without a mismatch', () => {
  const docs = readFileSync(new URL('../../../docs/recording-format.md', import.meta.url), 'utf8');
  const shown = /```jsonl\n([^`]*)```/.exec(docs)![1]!;
  expect(checkRecording(shown, { kernel: '7.2' })).toMatchObject({ operations: 8, mismatches: 0 });
});
