// SPDX-License-Identifier: MIT
/** docs/cases.md: every named case and how many there are per invariant, printed from the suite itself. */
import { CASES, type ConformanceCase, INVARIANTS } from '@sda-lab/conformance';
import type { Block } from '../text/block.ts';
import { toMarkdown } from '../text/to-markdown.ts';

export function caseList(): string {
  const negatives = CASES.filter(({ isNegative }) => isNegative).length;
  const share = Math.round((100 * negatives) / CASES.length);
  const families = [...new Set(CASES.map(familyOf))];
  return toMarkdown([
    { kind: 'heading', level: 1, text: 'Cases' },
    {
      kind: 'text',
      text: `${CASES.length} named cases, ${negatives} of them negative (${share} %): something is refused, or must not happen. Each runs in several worlds per backend and regime; the judge asks every invariant in each, whatever the case is about. *about* is that [invariant](invariants.md); *source* and *basis* say where the fact comes from: \`observed\` on a real system, \`source\` read, \`list\` posted, \`derived\` from one of these and seen nowhere ([limits](limits.md)).`,
    },
    countTable(),
    ...families.flatMap(familyBlocks),
  ]);
}

function countTable(): Block {
  return {
    kind: 'table',
    head: ['invariant', 'cases', 'negative'],
    numeric: [1, 2],
    rows: INVARIANTS.map((invariant) => {
      const about = CASES.filter((testCase) => testCase.about === invariant);
      return [invariant, String(about.length), String(about.filter(({ isNegative }) => isNegative).length)];
    }),
  };
}

function familyBlocks(name: string): Block[] {
  return [
    { kind: 'heading', level: 2, text: name },
    {
      kind: 'table',
      head: ['case', 'fact', 'about', 'kind', 'source', 'basis'],
      rows: CASES.filter((testCase) => familyOf(testCase) === name).map(({ id, fact, about, isNegative, isNested, source, basis }) => [
        id,
        fact,
        about,
        `${isNegative ? 'negative' : 'positive'}${isNested ? '; nested, bound 1' : ''}`,
        source,
        basis,
      ]),
    },
  ];
}

function familyOf({ id }: ConformanceCase): string {
  return id.split('/')[0]!;
}
