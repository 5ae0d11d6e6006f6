// SPDX-License-Identifier: MIT
import { grouped } from '../search/search-blocks.ts';
import type { Block, TableBlock } from '../text/block.ts';
import type { BenchDocument, BenchRow } from './bench-document.ts';
import { factor, nanosecondsText } from './figures.ts';

/** One line per case, one column per subject: times the baseline. Cases of one table with another baseline have a part of their own. */
export function pivotBlocks(document: BenchDocument): Block[] {
  const tables = [...new Set(document.rows.map(({ table }) => table))];
  return tables.flatMap((table): Block[] => {
    const rows = document.rows.filter((row) => row.table === table);
    const baselines = [...new Set(rows.map(({ baseline }) => baseline))];
    return [
      { kind: 'heading', level: 2, text: table },
      ...baselines.map((baseline) => pivot(document, baseline, rows.filter((row) => row.baseline === baseline))),
      ...bytesOf(rows),
    ];
  });
}

function pivot({ cases }: BenchDocument, baseline: string, rows: readonly BenchRow[]): TableBlock {
  const others = subjectsOf(rows).filter((subject) => subject !== baseline);
  const names = [...new Set(rows.map((row) => row.case))];
  const rowOf = (name: string, subject: string): BenchRow | undefined => rows.find((row) => row.case === name && row.subject === subject);
  return {
    kind: 'table',
    head: ['case', baseline, 'again', ...others],
    numeric: [1, 2, ...others.map((_, at) => at + 3)],
    rows: names.map((name) => {
      const first = rowOf(name, baseline)!;
      const { noise } = cases.find((one) => one.table === first.table && one.case === name)!;
      const cells = others.map((subject) => {
        const row = rowOf(name, subject);
        return row === undefined ? '' : `${factor(row.ratio)}x`;
      });
      return [name, nanosecondsText(first.value), `${factor(noise.ratio)}x`, ...cells];
    }),
  };
}

/** What subjects hold after a run, where any knows. */
function bytesOf(rows: readonly BenchRow[]): Block[] {
  const known = rows.filter(({ bytes }) => bytes !== null);
  if (known.length === 0) return [];
  const subjects = subjectsOf(known);
  const names = [...new Set(known.map((row) => row.case))];
  const table: TableBlock = {
    kind: 'table',
    head: ['bytes held', ...subjects],
    numeric: subjects.map((_, at) => at + 1),
    rows: names.map((name) => [
      name,
      ...subjects.map((subject) => {
        const bytes = known.find((row) => row.case === name && row.subject === subject)?.bytes;
        return bytes === undefined || bytes === null ? '' : grouped(bytes);
      }),
    ]),
  };
  return [table];
}

function subjectsOf(rows: readonly BenchRow[]): string[] {
  return [...new Set(rows.map(({ subject }) => subject))];
}
