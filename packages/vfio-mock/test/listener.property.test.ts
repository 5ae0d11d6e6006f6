// SPDX-License-Identifier: MIT
import type { Section } from '@sda-lab/guest-memory';
import { type BlockRun, cutAtGranules, type ListenerSteps, QEMU_LISTENER_STEPS } from '@sda-lab/vfio-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListenerBench } from './support/listener-bench.ts';
import { compare, histories } from './support/listener-operations.ts';

test('any operations lead to the calls of the naive listener', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { seen, expected } = compare(history);
      expect(seen).toEqual(expected);
    }),
  );
});

// Sometimes: without these the property could hold and say nothing.
test('a fixed sample agrees too, and meets every answer', () => {
  const reached = new Set<string>();
  for (const history of fc.sample(histories, { seed: 1, numRuns: 500 })) {
    const { seen, expected } = compare(history);
    expect(seen).toEqual(expected);
    for (const { name, answer, lines, exits } of seen) {
      const { op } = JSON.parse(name) as { op: string };
      if (answer !== '-') reached.add(`${op} ${answer}`);
      if (answer === 'true' && lines.some((line) => line.endsWith('!'))) reached.add(`${op} with an unheard refusal`);
      if (exits > 0) reached.add('exit');
    }
  }
  expect([...reached].toSorted()).toEqual([
    'add false',
    'add true',
    'add with an unheard refusal',
    'attach false',
    'attach true',
    'attach with an unheard refusal',
    'exit',
    'map false',
    'map true',
    'unmap true',
  ]);
});

const cutOnGuestPages: ListenerSteps['pieces'] = (section, run, granulePages) =>
  cutAtGranules(run, granulePages, QEMU_LISTENER_STEPS.gfnOf(section, run.firstPage));

const cutShort = (run: BlockRun, granulePages: number): ReturnType<ListenerSteps['pieces']> =>
  cutAtGranules(part(run, run.pageCount - 1), granulePages, run.firstPage);

const part = ({ firstPage }: BlockRun, pageCount: number): BlockRun => ({ firstPage, pageCount });

/** Mistakes in the listener, a line each. */
const FAULTS: readonly [name: string, wrong: Partial<ListenerSteps>][] = [
  ['granule boundaries on guest pages', { pieces: cutOnGuestPages }],
  ['no boundary at all', { pieces: (_section, run, granulePages) => [{ ...run, granulePages }] }],
  ['the last page forgotten', { pieces: (_section, run, granule) => cutShort(run, granule) }],
  ['a section mapped as its whole block', { window: ({ block }) => ({ firstPage: 0, pageCount: block.pageCount + 1 }) }],
  ['the section offset forgotten', { gfnOf: (section, page) => section.firstGfn + page }],
  ['a ROM that may be written', { isWritable: () => true }],
  ['no rollback', { rolledBack: () => undefined }],
  ['a rollback of the mapped part only', { rolledBack: (run, mapped) => (mapped === 0 ? undefined : part(run, mapped)) }],
  ['an unmap of one page', { unmapped: (_section, run) => part(run, 1) }],
  ['an unmap of the complete section', { unmapped: (section) => section }],
  ['every section added twice', { arriving: (sections) => sections.flatMap((section) => [section, section]) }],
  ['sections added from the top', { arriving: (sections) => sections.toReversed() }],
  ['sections left in the order they came', { departing: (sections: readonly Section[]) => sections }],
  ['a section left at detach', { departing: (sections: readonly Section[]) => sections.slice(1) }],
];

describe('planted faults', () => {
  test.each(FAULTS)('%s: the naive listener disagrees', (_name, wrong) => {
    const differs = fc.sample(histories, { seed: 1, numRuns: 200 }).some((history) => {
      const { seen, expected } = compare(history, wrong);
      return JSON.stringify(seen) !== JSON.stringify(expected);
    });
    expect(differs).toBe(true);
  });

  test('ENOENT taken for a failure: an unmap of nothing is refused', () => {
    const answers = [QEMU_LISTENER_STEPS, { ...QEMU_LISTENER_STEPS, unmapAnswer: (status: number) => status }].map((steps) => {
      const bench = new ListenerBench({ masksEnoent: true, steps });
      bench.attach();
      bench.door.unmapStatus = -2;
      return bench.listener.unmapRun(bench.low, 'shared', 0, 1);
    });
    expect(answers).toEqual([0, -2]);
  });
});
