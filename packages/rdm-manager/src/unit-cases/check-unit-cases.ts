// SPDX-License-Identifier: MIT
/**
 * Runs unit cases on the manager of QEMU 11.1 and says where it answers otherwise than they expect.
 * docs/unit-cases-format.md describes the text.
 */
import type { ManagerSteps } from '../multi-source/manager-steps.ts';
import { parseUnitCases } from './parse-unit-cases.ts';
import { UnitCaseRun } from './run-unit-case.ts';

export interface UnitCaseMismatch {
  readonly case: string;
  readonly line: number;
  readonly op: string;
  /** Fields that differ: what the case expects, what the manager did. */
  readonly expected: Readonly<Record<string, unknown>>;
  readonly got: Readonly<Record<string, unknown>>;
  /** The few lines of the case before it, as text. */
  readonly before: readonly string[];
}

export interface UnitCaseReport {
  readonly cases: number;
  /** Steps performed. */
  readonly operations: number;
  /** Steps that went otherwise. */
  readonly mismatches: number;
  /** The first few. */
  readonly first: readonly UnitCaseMismatch[];
  /** Ids of the cases with a mismatch. */
  readonly failed: readonly string[];
}

const FIRST_MISMATCHES = 10;
const LINES_BEFORE = 5;

/** Throws a UnitCaseError for a text that holds no unit cases. `steps` are replaced only to plant faults. */
export function checkUnitCases(text: string, steps?: ManagerSteps): UnitCaseReport {
  const cases = parseUnitCases(text);
  const mismatches = cases.flatMap((unitCase): UnitCaseMismatch[] => {
    const run = new UnitCaseRun(unitCase, steps);
    return unitCase.steps.flatMap(({ line, step }, at) => {
      const difference = run.perform(step);
      if (difference === undefined) return [];
      const before = unitCase.steps.slice(Math.max(0, at - LINES_BEFORE), at).map((earlier) => earlier.text);
      return [{ case: unitCase.id, line, op: step.op, ...difference, before }];
    });
  });
  return {
    cases: cases.length,
    operations: cases.reduce((sum, unitCase) => sum + unitCase.steps.length, 0),
    mismatches: mismatches.length,
    first: mismatches.slice(0, FIRST_MISMATCHES),
    failed: [...new Set(mismatches.map((mismatch) => mismatch.case))],
  };
}
