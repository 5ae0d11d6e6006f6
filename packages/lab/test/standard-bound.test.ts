// SPDX-License-Identifier: MIT
// The standard bound and its smaller sister, counted. Rows marked long are searched with SDA_LAB_LONG=1 only (minutes each),
// the longest with SDA_LAB_LONG=all; that they are there, and on the page, is asked always.
import { readFileSync, writeFileSync } from 'node:fs';
import { createWorldModel, search, STANDARD_BOUND } from '@sda-lab/conformance';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';
import { COUNTED, type Counted } from './support/standard-bound.ts';

const PAGE = new URL('../../../docs/search.md', import.meta.url);
const BEGIN = '<!-- counts: begin -->\n';
const END = '<!-- counts: end -->';
const LONG = process.env['SDA_LAB_LONG'];
const isWanted = ({ isLong }: Counted): boolean => isLong === undefined || LONG === 'all' || (LONG === '1' && isLong === true);

describe('counts of the standard bound', () => {
  it.each(COUNTED.filter(isWanted).map((row) => [nameOf(row), row] as const))('%s', (_name, row) => {
    expect(count(row)).toEqual({ complete: true, by: 'words', unwitnessed: [], ...numbersOf(row) });
  });

  it('the table has every strategy at the standard bound, in every regime it has', () => {
    for (const { id, capabilities } of STRATEGIES) {
      for (const regime of capabilities.regimes) {
        const row = COUNTED.find((one) => one.id === id && one.pages === 3 && one.regime === regime && !one.races);
        expect(row, `${id} ${regime}`).toBeDefined();
      }
    }
  });

  it('the table says that the two done right hold, races included', () => {
    const right = COUNTED.filter(({ id }) => id === 'extended-rdm' || id === 'notifier-list');
    expect(right.filter(({ broken }) => Object.keys(broken).length > 0)).toEqual([]);
    expect(right.filter(({ races }) => races).map(({ id }) => id)).toEqual(expect.arrayContaining(['extended-rdm', 'notifier-list']));
  });

  it('the page shows them', () => {
    const text = readFileSync(PAGE, 'utf8');
    const [first, end] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
    const written = text.slice(0, first) + tableText() + text.slice(end);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, written);
    expect(readFileSync(PAGE, 'utf8')).toBe(written);
  });
});

function count({ id, pages, regime, races }: Counted): unknown {
  const strategy = STRATEGIES.find((one) => one.id === id)!;
  const model = createWorldModel(strategy, { ...STANDARD_BOUND, pages, blocks: pages - 1, regime, races });
  const result = search(model, { recheckedStates: 32, maxBytes: 2 ** 32 });
  const { complete, by, states, transitions, depth, counterexamples } = result;
  const broken = counterexamples.map(({ property: { invariant, reach }, depth: length }) => {
    return [reach === 'live' ? invariant : `${invariant} (latent)`, length] as const;
  });
  // What a broken design never came near to is not owed.
  const unwitnessed = counterexamples.length > 0 ? [] : result.unwitnessed;
  return { complete, by, unwitnessed, states, transitions, depth, broken: Object.fromEntries(broken) };
}

function numbersOf({ states, transitions, depth, broken }: Counted): Pick<Counted, 'states' | 'transitions' | 'depth' | 'broken'> {
  return { states, transitions, depth, broken };
}

function nameOf({ id, pages, regime, races }: Counted): string {
  return [id, `${pages} pages`, ...(regime === 'in-place' ? [regime] : []), ...(races ? ['races'] : [])].join(', ');
}

function tableText(): string {
  const rows = COUNTED.map((row) => {
    const { id, pages, regime, races, states, transitions, depth, broken } = row;
    const falls = Object.entries(broken).map(([what, length]) => `${what} ${length}`);
    const cells = [`\`${id}\``, pages, regime, races ? 'yes' : '', number(states), number(transitions), depth, falls.join(', ') || 'holds'];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `| design | pages | regime | races | states | transitions | depth | shortest counterexamples, in transitions |\n|---|---|---|---|---|---|---|---|\n${rows.join('')}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
