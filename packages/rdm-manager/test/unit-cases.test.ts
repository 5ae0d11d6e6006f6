// SPDX-License-Identifier: MIT
/* The manager of QEMU 11.1 against cases written by hand, and faults planted in it that the cases must see. */
import { checkUnitCases, type ManagerSteps, type Occasion, QEMU_11_1_STEPS } from '@sda-lab/rdm-manager';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unitCaseFiles } from './support/unit-case-files.ts';

const FILES = unitCaseFiles();

describe('the unit cases of this package', () => {
  test.each(FILES.map(({ name, text }) => [name, text]))('unit-cases/%s: no mismatch', (_name, text) => {
    const { first, mismatches } = checkUnitCases(text);
    expect(first).toEqual([]);
    expect(mismatches).toBe(0);
  });

  test('unit-cases/ids: at least 80, each a fact of its own', () => {
    const ids = FILES.flatMap(({ text }) => [...text.matchAll(/^\{"case":"([^"]+)"/gm)].map(([, id]) => id!));
    expect(ids.length).toBeGreaterThanOrEqual(80);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('unit-cases/docs: the cases shown in docs/unit-cases-format.md hold', () => {
    const docs = readFileSync(new URL('../../../docs/unit-cases-format.md', import.meta.url), 'utf8');
    const shown = /```jsonl\n([^`]*)```/.exec(docs)![1]!;
    expect(checkUnitCases(shown)).toMatchObject({ cases: 2, operations: 19, mismatches: 0, first: [] });
  });
});

/** On one occasion others are asked than QEMU asks. */
function asking(on: Occasion, whom: 'all' | 'nobody'): Partial<ManagerSteps> {
  return {
    asked: (occasion, sources, caller) => {
      if (occasion !== on) return QEMU_11_1_STEPS.asked(occasion, sources, caller);
      return whom === 'all' ? sources : [];
    },
  };
}

/** What a listener hears, moved to where its window begins. */
const clipToWindowOffsets: ManagerSteps['clip'] = (window, first, end) => {
  const clipped = QEMU_11_1_STEPS.clip(window, first, end);
  return clipped && { first: clipped.first - window.first, end: clipped.end - window.first };
};

const clipTheBeginning: ManagerSteps['clip'] = (window, first, end) =>
  QEMU_11_1_STEPS.clip(window, first, end) && { first: Math.max(window.first, first), end };

/** One wrong decision each, and one of the cases that see it. */
const FAULTS: readonly (readonly [name: string, fault: Partial<ManagerSteps>, seenBy: string])[] = [
  [
    'a caller is asked about itself while it announces a populate',
    asking('populate', 'all'),
    'a populate whose source sets its bits only afterwards is heard',
  ],
  [
    'a caller is asked about itself while it announces a discard',
    asking('discard', 'all'),
    'a discard is heard whether its source clears its bits before or afterwards',
  ],
  [
    'nobody else is asked about a populate',
    asking('populate', 'nobody'),
    'a populate that another source calls discarded is heard by nobody',
  ],
  [
    'a discard is told though another source discards already',
    asking('discard', 'nobody'),
    'a discard is silent where another source calls it discarded already',
  ],
  [
    'a discard of everything asks the sources',
    asking('discard-all', 'all'),
    'discarding everything gives each listener its whole window, whatever other sources say',
  ],
  [
    'a source that comes asks nobody',
    asking('add', 'nobody'),
    'a source that comes tells nothing where another calls it discarded already',
  ],
  ['a source that goes asks itself', asking('delete', 'all'), 'a source that goes populates what it alone called discarded'],
  [
    'a source that goes asks nobody',
    asking('delete', 'nobody'),
    'a source that goes tells nothing where another calls it discarded',
  ],
  [
    'any source is enough to be populated',
    { isPopulated: (asked, first, end, ask) => asked.length === 0 || asked.some((source) => ask(source, first, end)) },
    'populated is what all sources call populated',
  ],
  [
    'without a source nothing is populated',
    { isPopulated: (asked, first, end, ask) => asked.length > 0 && asked.every((source) => ask(source, first, end)) },
    'the manager outlives its last source, and calls everything populated',
  ],
  [
    'the granularity is the largest',
    { granularityOf: (sources) => Math.max(0, ...sources.map(({ granularity }) => granularity)) },
    'the granularity is recomputed on each later add and del',
  ],
  [
    'the granularity is that of the first source',
    { granularityOf: (sources) => sources.at(-1)?.granularity ?? 0 },
    'the granularity is recomputed on each later add and del',
  ],
  [
    'the granularity is latched at the first add',
    { granularityAfter: (change, before, after) => (change === 'add' && before !== 0 ? before : after) },
    'the granularity is recomputed on each later add and del',
  ],
  [
    'the granularity is not recomputed when a source goes',
    { granularityAfter: (change, before, after) => (change === 'delete' ? before : after) },
    'the granularity is recomputed on each later add and del',
  ],
  [
    'the granularity is recomputed before a source that comes is walked',
    { granularityWhile: (change, before, after) => (change === 'add' ? after : before) },
    'a finer source that comes is walked at the granularity of before: a chunk over two coarse blocks is judged as one',
  ],
  [
    'the granularity is recomputed before a source that goes is walked',
    { granularityWhile: (change, before, after) => (change === 'delete' && after !== 0 ? after : before) },
    'a fine source that goes from a coarse one is walked at the granularity it leaves',
  ],
  [
    'a refusal is undone at nobody',
    { undoneCount: () => 0 },
    'a refused populate is undone at every listener told, the refusing one included',
  ],
  [
    'a refusal is undone before the refusing listener only',
    { undoneCount: (refusedAt) => refusedAt },
    'a refused populate is undone at every listener told, the refusing one included',
  ],
  ['a refusal is undone at all listeners', { undoneCount: () => Infinity }, 'the newest listener refuses: it alone takes it back'],
  [
    'a notification is not cut to the window',
    { clip: (_window, first, end) => ({ first, end }) },
    'a notification beside the window is not heard',
  ],
  ['a notification is cut at the beginning only', { clip: clipTheBeginning }, 'a notification is cut to the window'],
  [
    'a notification is told by offsets of the window',
    { clip: clipToWindowOffsets },
    'what a listener hears is by offsets of the region, not of its window',
  ],
  [
    'the listener that came first is told first',
    { insert: (list, member) => [...list, member] },
    'the listener that came last is told first',
  ],
  ['a new listener hears nothing of what is populated', { replaysToNew: false }, 'a new listener hears each populated run once'],
  [
    'a listener that goes hears nothing',
    { discardedAtLeave: () => undefined },
    'a listener that goes hears one discard of its whole window',
  ],
  ['a source may come twice', { admit: () => 0 }, 'the same source twice is -EBUSY'],
  [
    'no second source may come',
    { admit: (sources) => (sources.length > 0 ? -16 : 0) },
    'populated is what all sources call populated',
  ],
  [
    'a walk is aligned to the granularity',
    { chunkEnd: (first, granularity) => first - (first % granularity) + granularity },
    'a walk begins where it is told, aligned or not: a chunk over a border needs both blocks',
  ],
  [
    'blocks of a source that comes are counted from the window',
    { ownBlocksFrom: (windowFirst) => windowFirst },
    'blocks of a source that comes are aligned to the region and cut to the window',
  ],
];

describe('faults in the manager', () => {
  test.each(FAULTS)('unit-cases/fault: %s', (_name, fault, seenBy) => {
    const steps = { ...QEMU_11_1_STEPS, ...fault };
    expect(FILES.flatMap(({ text }) => checkUnitCases(text, steps).failed)).toContain(seenBy);
  });
});
