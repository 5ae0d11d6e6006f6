// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';
import { ERRNO, type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import {
  eventText,
  explain,
  historyFromJsonLines,
  INVARIANTS,
  MAX_WORLD_PAGES,
  type Operation,
  operationSchema,
  parseHistory,
  printHistory,
  printOperation,
  runHistory,
  uncoordinated,
  WORLD_BACKENDS,
  worldSchema,
  worldSpec,
} from '../src/index.ts';
import { reference } from './strategies/reference.ts';

const DOCS = new URL('../../../docs/', import.meta.url);
const histories = readFileSync(new URL('histories.md', DOCS), 'utf8');
const invariants = readFileSync(new URL('invariants.md', DOCS), 'utf8');

interface Fence {
  readonly kind: string;
  /** The strategy named behind the kind; any right one by default. */
  readonly strategy: Strategy;
  readonly body: string;
}

function fencesOf(text: string): Fence[] {
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(([, kind, name, body]) => {
    expect([undefined, 'uncoordinated']).toContain(name);
    return { kind: kind!, strategy: name === undefined ? reference : uncoordinated, body: body!.trim() };
  });
}

const fences = fencesOf(histories);

/** Each fenced history, with the fences up to the next one. */
const examples = fences.flatMap((fence, at) => {
  if (fence.kind !== 'history') return [];
  const after = fences.slice(at + 1);
  const next = after.findIndex(({ kind }) => kind === 'history');
  return [{ line: fence.body, claims: next === -1 ? after : after.slice(0, next) }];
});

/** What a fence of this kind has to say about a history. */
function told(kind: string, strategy: Strategy, line: string): string {
  const history = parseHistory(line);
  const { steps, violations } = runHistory(strategy, history, { record: true });
  if (kind === 'answers') return steps.map(({ answer }) => answer).join(' | ');
  if (kind === 'words') return violations.map((violation) => explain(violation, history)).join('\n');
  if (kind === 'jsonl') return '';
  return steps
    .flatMap(({ events }, at) => [
      `${at + 1} ${printOperation(history.operations[at]!)}`,
      ...events.map((event) => `  ${eventText(event)}`),
    ])
    .join('\n');
}

function rowOf(text: string, cell: string): string {
  const row = text.split('\n').find((line) => line.startsWith(`| ${cell}`));
  if (row === undefined) throw new Error(`no row for ${cell}`);
  return row;
}

describe('docs/histories.md: the fenced histories', () => {
  test('are there, and each says what it answers', () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
    for (const { claims } of examples) expect(claims.map(({ kind }) => kind)).toContain('answers');
  });

  test.each(examples)('$line', ({ line, claims }) => {
    for (const { kind, strategy, body } of claims) {
      expect({ kind, body: told(kind, strategy, line) }).toEqual({ kind, body: kind === 'jsonl' ? '' : body });
    }
    expect(runHistory(reference, parseHistory(line)).violations).toEqual([]);
  });

  test('the first file is the second example, the second file has every operation', () => {
    const [example, everything] = fences.filter(({ kind }) => kind === 'jsonl').map(({ body }) => historyFromJsonLines(body));
    expect(printHistory(example!)).toBe(printHistory(parseHistory(examples[1]!.line)));
    const ops = everything!.operations.map(({ op }) => op);
    expect(ops).toEqual(operationSchema.options.map(({ entries }) => entries.op.literal));
    expect(Object.keys(everything!.world).toSorted()).toEqual(Object.keys(worldSchema.entries).toSorted());
  });
});

describe('docs/histories.md: the tables', () => {
  test('have a row for every operation, in its text form', () => {
    const everything = fences.filter(({ kind }) => kind === 'jsonl').map(({ body }) => historyFromJsonLines(body))[1]!;
    const rowsFor = (operation: Operation): string[] => {
      const shape = new RegExp(`\`${operation.op}${printOperation(operation).includes('(') ? '\\(' : '`'}`);
      return histories.split('\n').filter((line) => line.startsWith('| `') && shape.test(line));
    };
    expect(everything.operations.filter((operation) => rowsFor(operation).length !== 1)).toEqual([]);
  });

  test('have a row for every world parameter, with its default', () => {
    const { containers, vmem, ...plain } = worldSpec();
    for (const [key, value] of Object.entries(plain)) expect(rowOf(histories, `\`${key}=`)).toContain(`| \`${value}\` |`);
    expect(rowOf(histories, '`containers=')).toContain(`| \`${containers.map(({ name, backend }) => `${name}:${backend}`).join()}\` |`);
    expect(vmem).toEqual([]);
    expect(rowOf(histories, '`vmem=')).toContain('| none |');
    expect(histories.match(/^\| `\w+=/gm)).toHaveLength(Object.keys(worldSchema.entries).length);
  });

  test('name every backend, every errno and the largest world', () => {
    for (const backend of WORLD_BACKENDS) expect(rowOf(histories, '`containers=')).toContain(`\`${backend}\``);
    for (const name of Object.keys(ERRNO)) expect(histories).toContain(`\`${name}\``);
    expect(histories).toContain(`at most ${MAX_WORLD_PAGES} pages`);
  });

  test('place positions as the layout does', () => {
    expect(histories).toContain('In `world(vmem=2x4)` positions 0 to 3 are below 4 GiB, 4 to 7 above, 8 to 11 are block 0 of `m0`');
    const { violations } = runHistory(uncoordinated, parseHistory('world(vmem=2x4); attach(c0)'));
    expect(violations.map(({ evidence }) => evidence.position)).toContain(0);
  });
});

describe('docs/invariants.md', () => {
  test('has a row for each invariant, in the order of the judge', () => {
    const rows = [...invariants.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual(INVARIANTS);
  });

  test('has a paragraph for each, in that order, which names its witness', () => {
    const paragraphs = [...invariants.matchAll(/^\*\*([a-z-]+)\.\*\* ([\s\S]*?)\n\n/gm)];
    expect(paragraphs.map(([, name]) => name)).toEqual(INVARIANTS);
    expect(paragraphs.filter(([, , text]) => !text!.includes('Witness:')).map(([, name]) => name)).toEqual([]);
  });

  test.each([['histories.md', histories], ['invariants.md', invariants]])('%s: one title, and links that lead somewhere', (_, text) => {
    expect(text.match(/^# /gm)).toHaveLength(1);
    const targets = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target!);
    expect(targets.filter((target) => !existsSync(new URL(target, DOCS)))).toEqual([]);
  });
});
