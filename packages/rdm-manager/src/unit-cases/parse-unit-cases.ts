// SPDX-License-Identifier: MIT
/** A text of unit cases: JSON Lines, a case's first line and its steps, one case after another. */
import { Fields } from './fields.ts';
import { name, positive } from './kinds.ts';
import { type CaseScope, readStep } from './read-step.ts';
import type { NumberedStep, Step, UnitCase } from './unit-case.ts';
import { UnitCaseError } from './unit-case-error.ts';

/** A walk goes chunk by chunk; more of them in one step than this are no unit test. */
const MAX_CHUNKS = 2 ** 30;

/** All cases of a text; the first line that is none throws a UnitCaseError. Empty lines mean nothing. */
export function parseUnitCases(text: string): readonly UnitCase[] {
  const cases: { unitCase: UnitCase; steps: NumberedStep[]; scope: CaseScope }[] = [];
  for (const [index, lineText] of text.replace(/^\uFEFF/, '').split('\n').entries()) {
    if (lineText.trim() === '') continue;
    const fields = new Fields(index + 1, lineText);
    if (fields.has('case')) {
      cases.push(readCase(fields));
      continue;
    }
    const current = cases.at(-1);
    if (current === undefined) return fields.fail('a step stands before the first case, {"case": ID, "regionBytes": N}');
    current.steps.push({ line: fields.line, text: lineText.trim(), step: readStep(fields, current.scope) });
  }
  if (cases.length === 0) throw new UnitCaseError(1, 'there is no case; the first line is {"case": ID, "regionBytes": N}');
  for (const { unitCase } of cases) checkSize(unitCase);
  return cases.map(({ unitCase }) => unitCase);
}

function readCase(fields: Fields): { unitCase: UnitCase; steps: NumberedStep[]; scope: CaseScope } {
  const id = fields.required('case', name);
  const regionBytes = fields.required('regionBytes', positive);
  fields.finish();
  const steps: NumberedStep[] = [];
  const scope = { regionBytes, sources: new Set<string>(), listeners: new Set<string>() };
  return { unitCase: { id, line: fields.line, regionBytes, steps }, steps, scope };
}

/** Refuses a case that would walk for minutes. */
function checkSize({ regionBytes, steps }: UnitCase): void {
  const finest = Math.min(...steps.map(({ step }) => (step.op === 'source' ? step.granularity : Infinity)));
  for (const { line, step } of steps) {
    const bytes = walkedBytes(step, regionBytes);
    if (bytes / finest <= MAX_CHUNKS) continue;
    const problem = `${bytes} bytes in blocks of ${finest} are more than ${MAX_CHUNKS} blocks; make the region smaller`;
    throw new UnitCaseError(line, problem);
  }
}

function walkedBytes(step: Step, regionBytes: number): number {
  if (step.op === 'source') return regionBytes;
  return 'size' in step ? step.size : 0;
}
