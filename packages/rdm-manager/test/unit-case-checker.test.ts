// SPDX-License-Identifier: MIT
/* The checker of unit cases itself: what it refuses to read, and that every wrong expectation shows. */
import { checkUnitCases, UnitCaseError } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

const P = 4096;
const CASE = { case: 'one', regionBytes: 16 * P };
const SOURCE = { op: 'source', source: 'a', granularity: P };

function text(...lines: readonly (object | string)[]): string {
  return lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
}

describe('texts that hold no unit cases', () => {
  test.each<[name: string, line: number, reason: RegExp, lines: readonly (object | string)[]]>([
    ['no line', 1, /there is no case/, []],
    ['only empty lines', 1, /there is no case/, ['', '  ']],
    ['no JSON', 1, /a JSON object per line/, ['# notes']],
    ['a line cut off', 2, /a JSON object per line/, [CASE, '{"op":"add","sou']],
    ['a list', 2, /a JSON object per line is expected, not \[1\]/, [CASE, '[1]']],
    ['a step before the first case', 1, /before the first case/, [SOURCE]],
    ['a case without a region', 1, /lacks the field "regionBytes"/, [{ case: 'one' }]],
    ['a region of no bytes', 1, /"regionBytes" must be a whole number from 1/, [{ case: 'one', regionBytes: 0 }]],
    ['a case with an operation', 1, /no field "op" is known here/, [{ ...CASE, op: 'add' }]],
    ['no operation', 2, /lacks the field "op"/, [CASE, { source: 'a' }]],
    ['an unknown operation', 3, /no operation "fly" is known; there are source, set, /, [CASE, SOURCE, { op: 'fly' }]],
    ['an operation that every object has', 2, /no operation "toString"/, [CASE, { op: 'toString' }]],
    ['an unknown field', 3, /no field "ofset" is known here; there are op, source, offset/, [CASE, SOURCE, { op: 'populate', source: 'a', ofset: 0 }]],
    ['a missing field', 3, /lacks the field "size"/, [CASE, SOURCE, { op: 'set', source: 'a', offset: 0 }]],
    ['a fraction', 3, /"offset" must be a whole number/, [CASE, SOURCE, { op: 'set', source: 'a', offset: 0.5, size: 1 }]],
    ['a number as text', 3, /"size" must be a whole number .*not "4096"/, [CASE, SOURCE, { op: 'set', source: 'a', offset: 0, size: '4096' }]],
    ['a negative size', 2, /"size" must be/, [CASE, { op: 'populated', offset: 0, size: -1, expect: true }]],
    ['a number beyond 2^53', 2, /"size" must be/, [CASE, '{"op":"populated","offset":0,"size":9007199254740993,"expect":true}']],
    ['an end beyond 2^53', 2, /end of the range/, [CASE, { op: 'populated', offset: Number.MAX_SAFE_INTEGER, size: 1, expect: true }]],
    ['a positive status', 3, /"status" must be 0 or a negative errno, not 16/, [CASE, SOURCE, { op: 'add', source: 'a', status: 16 }]],
    ['a granularity of 0', 2, /"granularity" must be a whole number from 1/, [CASE, { ...SOURCE, granularity: 0 }]],
    ['a source declared twice', 3, /source "a" is declared already/, [CASE, SOURCE, SOURCE]],
    ['a source of another case', 4, /no source "a" was declared; there are none/, [CASE, SOURCE, { ...CASE, case: 'two' }, { op: 'add', source: 'a' }]],
    ['an unknown source', 3, /no source "b" was declared; there are a$/, [CASE, SOURCE, { op: 'discardAll', source: 'b' }]],
    ['an unknown listener', 2, /no listener "l" ever listened; there are none/, [CASE, { op: 'reset', listener: 'l' }]],
    ['an unknown listener in a trace', 2, /no listener "l" ever listened/, [CASE, { op: 'trace', expect: [['l', 'P', 0, 1]] }]],
    ['state past the region', 3, /\[61440, 69632\) runs past the region of 65536 bytes/, [CASE, SOURCE, { op: 'set', source: 'a', offset: 15 * P, size: 2 * P }]],
    ['an expectation of the wrong type', 2, /"expect" must be true or false/, [CASE, { op: 'manager', expect: 1 }]],
    ['a run that is no pair', 2, /"expect" must be a list, each of its members \[offset, size\]/, [CASE, { op: 'replayPopulated', offset: 0, size: 1, expect: [[0]] }]],
    ['a call of another kind', 2, /"P" or "D"/, [CASE, { op: 'trace', expect: [['l', 'X', 0, 1]] }]],
    ['a walk of minutes', 2, /more than 1073741824 blocks/, [{ case: 'big', regionBytes: 2 ** 40 }, { ...SOURCE, granularity: 1 }]],
  ])('unit-cases/refused: %s', (_name, line, reason, lines) => {
    const check = (): unknown => checkUnitCases(text(...lines));
    expect(check).toThrow(UnitCaseError);
    expect(check).toThrow(reason);
    expect(check).toThrow(new RegExp(`^line ${line}: `));
  });

  test('unit-cases/read: CRLF, a byte order mark, empty lines and notes are no mistakes', () => {
    const lines = ['\uFEFF{"case":"one","regionBytes":4096,"note":"from a mail"}', '', '{"op":"manager","expect":false,"note":"yet"}', ''];
    expect(checkUnitCases(lines.join('\r\n'))).toMatchObject({ cases: 1, operations: 1, mismatches: 0 });
  });
});

// One listener that heard P [0,2P), D [P,P), a refused P [2P,P) with its taking back, in this order.
const HEARD = [
  CASE,
  SOURCE,
  { op: 'add', source: 'a' },
  { op: 'listen', listener: 'l', offset: 0, size: 16 * P, failOnPopulate: 2 },
  { op: 'populate', source: 'a', offset: 0, size: 2 * P },
  { op: 'set', source: 'a', offset: 0, size: 2 * P },
  { op: 'discard', source: 'a', offset: P, size: P },
  { op: 'populate', source: 'a', offset: 2 * P, size: P },
];

describe('expectations', () => {
  test.each<[right: object, wrong: object, expected: object, got: object]>([
    [{ op: 'expect', listener: 'l', populates: 1 }, { op: 'expect', listener: 'l', populates: 2 }, { populates: 2 }, { populates: 1 }],
    [{ op: 'expect', listener: 'l', populatesAtLeast: 1 }, { op: 'expect', listener: 'l', populatesAtLeast: 2 }, { populatesAtLeast: 2 }, { populatesAtLeast: 1 }],
    [{ op: 'expect', listener: 'l', discards: 2 }, { op: 'expect', listener: 'l', discards: 1 }, { discards: 1 }, { discards: 2 }],
    [{ op: 'expect', listener: 'l', lastPopulate: [0, 2 * P] }, { op: 'expect', listener: 'l', lastPopulate: [null, P] }, { lastPopulate: [null, P] }, { lastPopulate: [0, 2 * P] }],
    [{ op: 'expect', listener: 'l', lastDiscard: [2 * P, P] }, { op: 'expect', listener: 'l', lastDiscard: [P, P] }, { lastDiscard: [P, P] }, { lastDiscard: [2 * P, P] }],
    [
      { op: 'expect', listener: 'l', calls: [['P', 0, 2 * P], ['D', P, P], ['P', 2 * P, P], ['D', 2 * P, null]] },
      { op: 'expect', listener: 'l', calls: [['P', 0, 2 * P], ['P', P, P], ['P', 2 * P, P], ['D', 2 * P, P]] },
      { calls: [['P', 0, 2 * P], ['P', P, P], ['P', 2 * P, P], ['D', 2 * P, P]] },
      { calls: [['P', 0, 2 * P], ['D', P, P], ['P', 2 * P, P], ['D', 2 * P, P]] },
    ],
    [
      { op: 'trace', expect: [['l', 'P', 0, 2 * P, 0], ['l', 'D', P, P], ['l', 'P', 2 * P, P, -12], ['l', 'D', 2 * P, P, null]] },
      { op: 'trace', expect: [['l', 'P', 0, 2 * P, 0], ['l', 'D', P, P], ['l', 'P', 2 * P, P, 0], ['l', 'D', 2 * P, P]] },
      { trace: [['l', 'P', 0, 2 * P, 0], ['l', 'D', P, P], ['l', 'P', 2 * P, P, 0], ['l', 'D', 2 * P, P]] },
      { trace: [['l', 'P', 0, 2 * P, 0], ['l', 'D', P, P, 0], ['l', 'P', 2 * P, P, -12], ['l', 'D', 2 * P, P, 0]] },
    ],
    [{ op: 'granularity', expect: P }, { op: 'granularity', expect: 0 }, { granularity: 0 }, { granularity: P }],
    [{ op: 'populated', offset: 0, size: P, expect: true }, { op: 'populated', offset: 0, size: P, expect: false }, { populated: false }, { populated: true }],
    [{ op: 'manager', expect: true }, { op: 'manager', expect: false }, { manager: false }, { manager: true }],
    [{ op: 'add', source: 'a', status: -16 }, { op: 'add', source: 'a', status: 0 }, { status: 0 }, { status: -16 }],
    [{ op: 'populate', source: 'a', status: -12 }, { op: 'populate', source: 'a', status: 0 }, { status: 0 }, { status: -12 }],
    [{ op: 'replayPopulated', offset: 0, size: P, expect: [[0, null]] }, { op: 'replayPopulated', offset: 0, size: P, expect: [] }, { runs: [] }, { runs: [[0, P]] }],
    [{ op: 'replayDiscarded', offset: 0, size: 16 * P, totalBytes: 14 * P }, { op: 'replayDiscarded', offset: 0, size: 16 * P, totalBytes: P }, { totalBytes: P }, { totalBytes: 14 * P }],
    [{ op: 'replayPopulated', offset: 0, size: P, failAt: 1, status: -5 }, { op: 'replayPopulated', offset: 0, size: P, failAt: 2, status: -5 }, { status: -5 }, { status: 0 }],
    [{ op: 'replayPopulated', offset: 0, size: P, failAt: 1, status: -1 }, { op: 'replayPopulated', offset: 0, size: P, failAt: 1, status: 0 }, { status: 0 }, { status: -1 }],
  ])('unit-cases/expectation: %o', (right, wrong, expected, got) => {
    expect(checkUnitCases(text(...HEARD, right))).toMatchObject({ mismatches: 0 });
    const { mismatches, first } = checkUnitCases(text(...HEARD, wrong));
    expect([mismatches, first[0]]).toEqual([1, { case: 'one', line: HEARD.length + 1, op: (wrong as { op: string }).op, expected, got, before: expect.any(Array) }]);
  });

  test('unit-cases/context: a mismatch shows the five lines before it, of its own case only', () => {
    const wrong = { op: 'manager', expect: false };
    const { first } = checkUnitCases(text(...HEARD, wrong, { ...CASE, case: 'two' }, { op: 'manager', expect: true }));
    expect(first.map(({ before }) => before)).toEqual([HEARD.slice(-5).map((line) => JSON.stringify(line)), []]);
  });

  test('unit-cases/first: all mismatches count, ten are shown, and none ends a case', () => {
    const wrong = Array.from({ length: 12 }, () => ({ op: 'granularity', expect: 7 }));
    const report = checkUnitCases(text(...HEARD, ...wrong, { op: 'granularity', expect: P }));
    expect([report.mismatches, report.first.length, report.failed]).toEqual([12, 10, ['one']]);
  });

  test('unit-cases/replay-failure: the run that was refused may be listed and counted or not', () => {
    const replay = { op: 'replayPopulated', offset: 0, size: 16 * P, failAt: 1, status: -1 };
    const checks = [{ expect: [[0, 2 * P]] }, { expect: [] }, { totalBytes: 2 * P }, { totalBytes: 0 }].map((one) => ({ ...replay, ...one }));
    expect(checkUnitCases(text(...HEARD, ...checks))).toMatchObject({ mismatches: 0 });
    expect(checkUnitCases(text(...HEARD, { ...replay, expect: [[0, P]] }, { ...replay, totalBytes: P }))).toMatchObject({ mismatches: 2 });
  });

  test('unit-cases/trace-reset: a trace holds all calls, or those that nobody forgot', () => {
    const lines = [...HEARD, { op: 'reset', listener: 'l' }, { op: 'discard', source: 'a', offset: 0, size: P }];
    const recent = ['l', 'D', 0, P];
    const all = [['l', 'P', 0, 2 * P], ['l', 'D', P, P], ['l', 'P', 2 * P, P], ['l', 'D', 2 * P, P], recent];
    expect(checkUnitCases(text(...lines, { op: 'trace', expect: [recent] }, { op: 'trace', expect: all }))).toMatchObject({ mismatches: 0 });
    expect(checkUnitCases(text(...lines, { op: 'trace', expect: all.slice(1) }))).toMatchObject({ mismatches: 1 });
  });
});

describe('steps on which QEMU does not answer', () => {
  test.each<[name: string, steps: readonly object[], field: string]>([
    ['a populate by a source that is not in', [{ op: 'populate', source: 'a', offset: 0, size: P }], 'populate'],
    ['a discard by a source that is gone', [{ op: 'add', source: 'a' }, { op: 'del', source: 'a' }, { op: 'discard', source: 'a', offset: 0, size: P }], 'discard'],
    ['a discard of everything by a source that is not in', [{ op: 'discardAll', source: 'a' }], 'discardAll'],
    ['a listener on a region without a manager', [{ op: 'listen', listener: 'l', offset: 0, size: P }], 'listen'],
    ['a listener that listens already', [{ op: 'add', source: 'a' }, { op: 'listen', listener: 'l', offset: 0, size: P }, { op: 'listen', listener: 'l', offset: 0, size: P }], 'listen'],
    ['a listener that has gone', [{ op: 'add', source: 'a' }, { op: 'listen', listener: 'l', offset: 0, size: P }, { op: 'unlisten', listener: 'l' }, { op: 'unlisten', listener: 'l' }], 'unlisten'],
  ])('unit-cases/no-answer: %s is a mismatch, and the case goes on', (_name, steps, field) => {
    const { mismatches, first } = checkUnitCases(text(CASE, SOURCE, ...steps, { op: 'granularity', expect: 7 }));
    expect([mismatches, Object.keys(first[0]!.got)]).toEqual([2, [field]]);
  });

  test('unit-cases/no-manager: questions to a region without a manager are answered as by an empty one', () => {
    const lines = [
      CASE, SOURCE,
      { op: 'populated', offset: 0, size: P, expect: true },
      { op: 'granularity', expect: 0 },
      { op: 'replayPopulated', offset: P, size: P, expect: [[P, P]] },
      { op: 'replayDiscarded', offset: P, size: P, expect: [] },
      { op: 'del', source: 'a', status: -2 },
      { op: 'manager', expect: false },
    ];
    expect(checkUnitCases(text(...lines))).toMatchObject({ mismatches: 0 });
  });

  test('unit-cases/whole-region: a notification without a range is one over the region', () => {
    const lines = [
      CASE, SOURCE, { op: 'add', source: 'a' }, { op: 'listen', listener: 'l', offset: 0, size: 32 * P },
      { op: 'populate', source: 'a', status: 0 }, { op: 'discard', source: 'a', offset: P }, { op: 'discardAll', source: 'a' },
      { op: 'expect', listener: 'l', calls: [['P', 0, 16 * P], ['D', P, 15 * P], ['D', 0, 32 * P]] },
    ];
    expect(checkUnitCases(text(...lines))).toMatchObject({ mismatches: 0 });
  });
});
