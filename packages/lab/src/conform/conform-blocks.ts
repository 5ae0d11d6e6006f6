// SPDX-License-Identifier: MIT
import { CASES } from '@sda-lab/conformance';
import type { Block } from '../text/block.ts';
import { findingBlocks } from '../text/finding-blocks.ts';
import type { ConformDocument, ConformStrategy } from './conform-document.ts';
import { replayLine } from '../replay-line.ts';
import { mergePlaces } from './merge-places.ts';

/** What `conform` prints for people. */
export function conformBlocks(document: ConformDocument): Block[] {
  return [
    summary(document),
    ...document.strategies.flatMap(failures),
    ...document.strategies.flatMap(skipped),
    { kind: 'text', text: compared(document) },
  ];
}

function summary({ strategies }: ConformDocument): Block {
  return {
    kind: 'table',
    head: ['strategy', 'verdict', 'cases', 'passed', 'failed', 'skipped', 'worlds', 'property\nruns', 'property\noperations'],
    numeric: [2, 3, 4, 5, 6, 7, 8],
    rows: strategies.map(({ id, verdict, notApplicable, cases, worlds, properties }) => [
      id,
      notApplicable ? 'n-a' : verdict,
      ...[cases.total, cases.passed, cases.failed, cases.skipped, worlds, properties.runs, properties.commands].map(String),
    ]),
  };
}

function failures(strategy: ConformStrategy): Block[] {
  const { id, cells, failures: found, own } = strategy;
  const unknown = cells.filter(({ unwitnessed, outcome }) => outcome === 'unknown' && unwitnessed.length > 0);
  const undecided = undecidedText(strategy);
  if (found.length === 0 && unknown.length === 0 && undecided === undefined && own === undefined) return [];
  return [
    { kind: 'heading', level: 2, text: id },
    ...(own === undefined ? [] : ownBlocks(own)),
    ...mergePlaces(found).flatMap(({ failure, where }) => findingBlocks(failure, where)),
    ...unknown.map(({ backend, regime, unwitnessed }): Block => {
      const text = `unknown on ${backend}, ${regime}: no run came near to breaking ${unwitnessed.join(', ')}`;
      return { kind: 'text', text };
    }),
    ...(undecided === undefined ? [] : [{ kind: 'text', text: undecided } as const]),
  ];
}

/** Cases in which nobody can say what comes next; a design that was ended says so itself. */
function undecidedText({ cells, failedCases, own }: ConformStrategy): string | undefined {
  const wasEnded = own !== undefined && own.ended !== null;
  const isUndecided = cells.some(({ outcome, unwitnessed }) => outcome === 'unknown' && unwitnessed.length === 0);
  if (wasEnded || !isUndecided) return undefined;
  return `unknown: an operation inside another one would have waited for a lock half done (nested, bound 1), in ${failedCases.join(', ')}`;
}

/** Under which limits a design of one's own ran, and what was not run because it reached one. */
function ownBlocks({ file, limits, ended }: NonNullable<ConformStrategy['own']>): Block[] {
  const { seconds, heapMiB } = limits;
  const ran = `From ${file}, in a Worker with a time limit of ${seconds} s and ${heapMiB} MiB of heap.`;
  if (ended === null) return [{ kind: 'text', text: ran }];
  const { reason, underWay } = ended;
  const text = `${ran}\nEnded before the suite was through: ${reason}. What was not run is unknown.`;
  if (underWay === null) return [{ kind: 'text', text }];
  return [{ kind: 'text', text: `${text} Under way was` }, { kind: 'code', lines: [underWay, replayLine(underWay, file)] }];
}

function skipped({ id, skippedCases }: ConformStrategy): Block[] {
  if (skippedCases.length === 0) return [];
  const text = `${id} skips ${skippedCases.length} cases that it does not offer: ${byFamily(skippedCases).join(', ')}`;
  return [{ kind: 'text', text }];
}

/** A family that is skipped whole is named as one: `virtio-mem/*`. */
function byFamily(ids: readonly string[]): string[] {
  const skippedIds = new Set(ids);
  const isWhole = (family: string): boolean => CASES.every((one) => familyOf(one.id) !== family || skippedIds.has(one.id));
  return [...new Set(ids.map((id) => (isWhole(familyOf(id)) ? `${familyOf(id)}/*` : id)))];
}

function familyOf(id: string): string {
  return id.split('/')[0]!;
}

function compared({ matchesExpectations, differences, without }: ConformDocument): string {
  if (matchesExpectations === null && without.length === 0) return 'Nothing is expected of a design of your own.';
  if (matchesExpectations === null) return `Nothing is expected without ${without.join(', ')}.`;
  if (matchesExpectations) return 'Every outcome equals the expectations.';
  return ['Not as expected:', ...differences].join('\n  ');
}
