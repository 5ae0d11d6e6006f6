// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare, runs, type Step } from './support/operations.ts';

test('any requests get the answers, events and states of the naive model', () => {
  fc.assert(
    fc.property(runs, (run) => {
      const { seen, expected } = compare(run);
      expect(seen).toEqual(expected);
    }),
  );
});

test('isPlugged equals asking about every page on its own', () => {
  fc.assert(
    fc.property(runs, fc.nat(90), fc.nat(90), (run, a, b) => {
      const { device, expected } = compare(run);
      const blocks = expected.at(-1)?.blocks ?? '';
      const [first, end] = a < b ? [a, b] : [b, a + 1];
      let isPlugged = true;
      for (let page = first; page < end; page += 1) {
        isPlugged &&= blocks[Math.floor(page / run.shape.blockPages)] === 'P';
      }
      expect(device.isPlugged(first, end)).toBe(isPlugged);
    }),
  );
});

// Sometimes: without these the properties could hold and say nothing.
test('a fixed sample agrees too, and reaches every answer and every event', () => {
  const reached = new Set<string>();
  for (const run of fc.sample(runs, { seed: 1, numRuns: 1000 })) {
    const { seen, expected } = compare(run);
    expect(seen).toEqual(expected);
    for (const step of seen) for (const mark of marksOf(step)) reached.add(mark);
  }
  expect([...reached].toSorted()).toEqual([
    'PLUG ACK',
    'PLUG BUSY',
    'PLUG ERROR',
    'PLUG NACK',
    'STATE ACK MIXED',
    'STATE ACK PLUGGED',
    'STATE ACK UNPLUGGED',
    'STATE ERROR',
    'UNPLUG ACK',
    'UNPLUG BUSY',
    'UNPLUG ERROR',
    'UNPLUG_ALL ACK',
    'UNPLUG_ALL BUSY',
    'activate',
    'deactivate',
    'discard-private',
    'discard-shared',
    'discarded',
    'discardedAll',
    'plugAborted',
    'plugged',
    'prealloc',
    'slotAdded',
    'unplugAborted',
    'unplugged',
    'willPlug',
    'willUnplug',
    'willUnplugAll',
  ]);
});

function marksOf(step: Step): string[] {
  const calls = step.lines.map((line) => line.split(' ')[0]!);
  if (step.answer === 'none') return calls;
  const { op } = JSON.parse(step.name) as { op: string };
  const { answer, state } = JSON.parse(step.answer) as { answer: string; state?: string };
  return [...calls, [op, answer, ...(state === undefined ? [] : [state])].join(' ')];
}
