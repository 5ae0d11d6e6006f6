// SPDX-License-Identifier: MIT
import type { ConformFailure } from '../../conform/conform-document.ts';
import { type MergedFailure, mergePlaces } from '../../conform/merge-places.ts';
import type { Block } from '../../text/block.ts';
import { findingBlocks } from '../../text/finding-blocks.ts';
import { reachText } from '../../text/reach-text.ts';
import type { EvaluationDocument, EvaluationStrategy } from '../evaluation-document.ts';

interface Told extends MergedFailure {
  readonly id: string;
}

/**
 * Every broken invariant, grouped by what it rests on: what was observed or stands in a source makes the headlines,
 * the rest is told as what it is. The short form leaves the explanations out.
 */
export function findingsBlocks({ strategies }: EvaluationDocument, detail: 'short' | 'whole'): Block[] {
  const all = strategies.flatMap(toldOf);
  const group = (...bases: string[]): Told[] => all.filter(({ failure }) => bases.includes(failure.basis));
  return [
    ...section('Findings: observed on real systems, or in a source', group('observed', 'source'), detail),
    ...section('As stated on the mailing list', group('list'), detail),
    ...section('Predicted, unconfirmed', group('derived'), detail),
  ];
}

function toldOf({ id, cells }: EvaluationStrategy): Told[] {
  const failures = cells.flatMap(({ backend, regime, broken }): ConformFailure[] =>
    broken.map((finding) => ({ backend, regime, ...finding })),
  );
  return mergePlaces(failures).map((merged) => ({ id, ...merged }));
}

function section(title: string, told: readonly Told[], detail: 'short' | 'whole'): Block[] {
  if (told.length === 0) return [];
  const heading: Block = { kind: 'heading', level: 2, text: title };
  if (detail === 'whole') {
    return [heading, ...told.flatMap(({ id, failure, where }) => findingBlocks(failure, `${id}, ${where}`))];
  }
  const lines = told.flatMap(({ id, failure, where }) => [
    `${id}: ${failure.invariant}, ${reachText(failure)}, on ${where} (${failure.basis})`,
    `    ${failure.replay}`,
  ]);
  return [heading, { kind: 'text', text: lines.join('\n') }];
}
