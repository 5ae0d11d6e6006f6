// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';
import { ablationBlocks } from './ablation-blocks.ts';
import { designBlocks } from './design-blocks.ts';
import { findingsBlocks } from './findings-blocks.ts';
import { limitBlocks } from './limit-blocks.ts';
import { mainTable, mainTableNotes, verdictTable } from './main-table.ts';
import { recordingBlocks } from './recording-blocks.ts';
import { scenarioBlocks } from './scenario-blocks.ts';

/**
 * The report of an evaluation for people. `whole` starts with the comparison and tells every finding in full; `short`
 * ends with the comparison, because that is what a terminal shows last.
 */
export function evaluationBlocks(document: EvaluationDocument, detail: 'short' | 'whole'): Block[] {
  const comparison = [mainTable(document), mainTableNotes(document), verdictTable(document)];
  const details = [
    ...scenarioBlocks(document),
    ...limitBlocks(document),
    ...recordingBlocks(document),
    ...ablationBlocks(document, detail),
    ...designBlocks(document, detail),
    ...findingsBlocks(document, detail),
  ];
  const title: Block = { kind: 'heading', level: 1, text: 'Shared device assignment: designs side by side' };
  const intro: Block = { kind: 'text', text: introText(document) };
  const result: Block = { kind: 'text', text: resultText(document) };
  if (detail === 'whole') return [title, intro, ...comparison, result, designTable(document), ...details];
  return [title, intro, ...details, { kind: 'heading', level: 2, text: 'Side by side' }, ...comparison, result];
}

function introText({ strategies, seed }: EvaluationDocument): string {
  const runs = strategies.reduce((sum, { properties }) => sum + properties.runs, 0);
  const cases = Math.max(0, ...strategies.map((strategy) => strategy.cases.total));
  return [
    `${cases} named cases and ${runs} random histories from seed ${seed}.`,
    'Latent: the modelled QEMU stops the VM, or blocks the feature, before it matters. Live with retry: once refusals go back to the guest.',
  ].join('\n');
}

function designTable({ strategies }: EvaluationDocument): Block {
  return {
    kind: 'table',
    head: ['strategy', 'what it is', 'source'],
    rows: strategies.map(({ id, title, source }) => [id, title, source]),
  };
}

function resultText({ matchesExpectations, differences }: EvaluationDocument): string {
  return matchesExpectations ? 'Every outcome equals the expectations.' : ['Not as expected:', ...differences].join('\n  ');
}
