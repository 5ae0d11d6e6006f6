// SPDX-License-Identifier: MIT
import { CASES, runConformance } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, it } from 'vitest';
import { markUnsteady, type RunAgain } from '../src/own-design/mark-unsteady.ts';
import { replayLine } from '../src/replay-line.ts';
import { STRATEGIES } from '../src/strategies.ts';

const right = STRATEGIES.find(({ id }) => id === 'extended-rdm')!;

/** Right, but its VMM ends in each conversion. */
const ending: Strategy = {
  ...right,
  create: (host, without) => ({
    ...right.create(host, without),
    convert: () => {
      throw new Error('due');
    },
  }),
};

const SHOWN = { broken: [{ invariant: 'nonfatal' as const, reach: 'live' as const, step: 1, explanation: '' }] };

async function explanations(again: Awaited<ReturnType<RunAgain>>): Promise<string[]> {
  const cases = CASES.filter(({ id }) => id.startsWith('six-steps/'));
  const report = runConformance(ending, { backends: ['type1v2'], regimes: ['two-backend'], cases, runs: 0 });
  const marked = await markUnsteady(report, () => Promise.resolve(again));
  return marked.cells.flatMap(({ broken }) => broken.map(({ explanation }) => explanation));
}

describe('a finding that a fresh run of its history', () => {
  it.each<[string, Awaited<ReturnType<RunAgain>>, RegExp]>([
    ['shows again says nothing', SHOWN, /it ended: Error: due\.$/],
    ['does not show says so', { broken: [] }, /due\. A second run of this history did not show it: the design keeps state outside of what create\(\) answers/],
    ['does not get to says that', { broken: [], ended: 'no answer within 1 s' }, /due\. There was no time left for a second run/],
    ['has no time for says that', undefined, /due\. There was no time left for a second run/],
  ])('%s', async (_, again, words) => {
    expect(await explanations(again)).toEqual([expect.stringMatching(words)]);
  });
});

describe('the line that shows a history again', () => {
  it.each([
    ['extended-rdm', 'extended-rdm'],
    ['./my-design.js', './my-design.js'],
    ['./my design.js', "'./my design.js'"],
    ["./it's.js", String.raw`'./it'\''s.js'`],
    ['$HOME/a.js', "'$HOME/a.js'"],
  ])('names %s as %s', (name, quoted) => {
    expect(replayLine('attach(c0)', name, ['a', 'b'])).toBe(`npm run lab -- replay 'attach(c0)' --strategy ${quoted} --without a --without b`);
  });
});
