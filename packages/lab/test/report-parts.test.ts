// SPDX-License-Identifier: MIT
// The small parts of reports, on data made for them.
import { parseHistory, printHistory, runConformance, shortenHistory } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import { differencesOf } from '../src/conform/differences-of.ts';
import { pageRuns } from '../src/evaluate/pages-of.ts';
import { recordedSteps } from '../src/evaluate/recorded-steps.ts';
import { mergeRows } from '../src/evaluate/report/merge-rows.ts';
import { fixtureRecordings, loadExpectations, STRATEGIES } from '../src/index.ts';
import type { Block } from '../src/text/block.ts';
import { toMarkdown } from '../src/text/to-markdown.ts';
import { toTerminal } from '../src/text/to-terminal.ts';

const strategy = (id: string): (typeof STRATEGIES)[number] => STRATEGIES.find((one) => one.id === id)!;

describe('blocks', () => {
  const blocks: Block[] = [
    { kind: 'heading', level: 2, text: 'A' },
    { kind: 'table', head: ['na-\nme', 'peak\nframes'], numeric: [1], rows: [['a|b', '10'], ['c', '2']] },
    { kind: 'code', lines: ['world(); heal'] },
  ];

  it('as Markdown: one line per row, words whole, bars escaped', () => {
    expect(toMarkdown(blocks)).toBe(
      '## A\n\n| name | peak frames |\n| --- | ---: |\n| a\\|b | 10 |\n| c | 2 |\n\n```\nworld(); heal\n```\n',
    );
  });

  it('for a terminal: aligned columns, code indented, no trailing spaces', () => {
    expect(toTerminal(blocks)).toContain('na-    peak\nme   frames\na|b      10\nc         2\n\n    world(); heal\n');
  });
});

describe('mergeRows', () => {
  const row = (backend: string, regime: string, cell: string) => ({ id: 'a', backend, regime, cells: [cell] });

  it('tells equal results once', () => {
    const same = [row('x', 'r', '1'), row('y', 'r', '1'), row('x', 's', '1'), row('y', 's', '1')];
    expect(mergeRows(same)).toEqual([['a', 'both backends, both regimes', '1']]);
  });

  it('keeps results apart that differ', () => {
    const rows = [row('x', 'r', '1'), row('y', 'r', '1'), row('x', 's', '2'), row('y', 's', '1')];
    expect(mergeRows(rows)).toEqual([
      ['a', 'x r; y r; y s', '1'],
      ['a', 'x, s', '2'],
    ]);
  });
});

describe('pageRuns', () => {
  it.each<[number[], string]>([
    [[], 'none'],
    [[3], '3'],
    [[0, 1, 2, 5, 7, 8], '0-2, 5, 7-8'],
  ])('%j is %s', (pages, text) => {
    expect(pageRuns(pages)).toBe(text);
  });
});

describe('shortenHistory', () => {
  const shorten = (text: string, invariant: string): string =>
    printHistory(shortenHistory(strategy('uncoordinated'), parseHistory(text), {}, invariant));

  it('leaves out what the violation does not need, containers too', () => {
    const long = 'world(containers=c0:type1v2,c1:iommufd); touch(3); attach(c1); attach(c0); convert(0+1,shared); dump; convert(0+1,private); heal';
    expect(shorten(long, 'order')).toBe('world(containers=c1:iommufd); attach(c1); convert(0+1,private)');
  });

  it('gives a history back that breaks nothing of the kind', () => {
    expect(shorten('attach(c0); touch(0)', 'atomic')).toBe('world(); attach(c0); touch(0)');
  });
});

describe('recordedSteps', () => {
  it('shows the answer of the model where the recording says otherwise', () => {
    const [recording] = fixtureRecordings();
    const text = recording!.text.replace('"iova":"0x100000","val":"0xa1a1a1a1"', '"iova":"0x100000","val":"0x1"');
    const [{ steps }] = recordedSteps([{ ...recording!, text }]) as [ReturnType<typeof recordedSteps>[number]];
    expect(steps.filter(({ isSame }) => !isSame)).toEqual([
      { line: 10, what: 'the device reads', real: '0x1', model: '0xa1a1a1a1', isSame: false, shows: 'stale: the CPU wrote 0xa1a1a1a1' },
    ]);
  });

  it('shows what the model answers, however many answers differ', () => {
    const [recording] = fixtureRecordings();
    const wrong = recording!.text.replaceAll(/"VmLck_kB":\d+/g, '"VmLck_kB":999').replaceAll(/"present":\d/g, '"present":7');
    const text = wrong.replaceAll(/("iova":"0x100000"|"r","off":"0x0"),"val":"\w+"/g, '$1,"val":"0x1"');
    const steps = recordedSteps([{ ...recording!, text }])[0]!.steps;
    expect(steps.at(-1)).toMatchObject({ real: '0x1', model: '0xb2b2b2b2', isSame: false });
  });
});

describe('differencesOf', () => {
  const report = runConformance(strategy('blocked'), { runs: 0 });

  it('is empty for what is expected', () => {
    expect(differencesOf(report, loadExpectations())).toEqual([]);
  });

  it('is one line for an unknown cell', () => {
    const [first, ...rest] = report.cells;
    const cells = [{ ...first!, outcome: 'unknown' as const, unwitnessed: ['order' as const] }, ...rest];
    expect(differencesOf({ ...report, cells }, loadExpectations())).toEqual([
      'blocked on type1v2, two-backend: unknown, nothing came near to breaking order',
    ]);
  });

  it('names an outcome that is not expected', () => {
    const [first, ...rest] = report.cells;
    const cells = [{ ...first!, outcome: 'holds' as const }, ...rest];
    expect(differencesOf({ ...report, cells }, loadExpectations())).toEqual([
      'blocked on type1v2, two-backend: expected n-a, found holds',
    ]);
  });
});
