// SPDX-License-Identifier: MIT
// The schemas of all documents: each takes what the program writes (the verbs' own tests) and refuses what is wrong.
import { parseHistory } from '@sda-lab/conformance';
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  benchSchema,
  checkKernel,
  checkKernelSchema,
  checkQemu,
  checkQemuSchema,
  checkRdm,
  checkRdmSchema,
  conform,
  conformSchema,
  fixtureRecordings,
  loadExpectations,
  replay,
  replaySchema,
  STRATEGIES,
} from '../src/index.ts';
import { documentText } from '../src/document-text.ts';

const blocked = STRATEGIES.find(({ id }) => id === 'blocked')!;
const uncoordinated = STRATEGIES.find(({ id }) => id === 'uncoordinated')!;

const cases: readonly [string, v.GenericSchema, () => unknown][] = [
  ['conform', conformSchema, () => conform([blocked], loadExpectations(), { runs: 0 })],
  ['replay', replaySchema, () => replay(uncoordinated, parseHistory('attach(c0); convert(0+1,shared); convert(0+1,private)'))],
  ['check kernel', checkKernelSchema, () => checkKernel(fixtureRecordings())],
  ['check qemu', checkQemuSchema, () => checkQemu([{ file: 'one.jsonl', text: '{"src":"mark","ev":"START"}' }])],
  ['bench', benchSchema, () => JSON.parse(readFileSync(new URL('../../../docs/performance.json', import.meta.url), 'utf8')) as unknown],
  ['check rdm', checkRdmSchema, () => checkRdm([{ file: 'one.jsonl', text: '{"case":"one","regionBytes":1}' }])],
];

describe.each(cases)('the document of %s', (_, schema, make) => {
  const document = JSON.parse(documentText(make())) as Record<string, unknown>;

  it('fits its schema', () => {
    expect(v.safeParse(schema, document).issues).toBeUndefined();
  });

  it('is refused with another schema id', () => {
    expect(v.is(schema, { ...document, schema: 'sda-lab/other@1' })).toBe(false);
  });

  it('is refused with a member too many', () => {
    expect(v.is(schema, { ...document, extra: 1 })).toBe(false);
  });

  it.each(Object.keys(document))('is refused without %s, and with a wrong one', (key) => {
    const { [key]: _left, ...rest } = document;
    expect(v.is(schema, rest)).toBe(false);
    expect(v.is(schema, { ...document, [key]: { wrong: true } })).toBe(false);
  });
});

describe('documentText', () => {
  it('writes integers beyond 2^53 as text', () => {
    expect(documentText({ now: 2n ** 64n - 1n })).toBe('{\n  "now": "18446744073709551615"\n}\n');
  });
});
