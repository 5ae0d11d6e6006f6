// SPDX-License-Identifier: MIT
import {
  type ConformanceReport,
  type Expectations,
  runConformance,
  DEFAULT_RUNS,
  WORLD_BACKENDS,
  type WorldBackend,
} from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { describeFinding } from '../finding-document.ts';
import { differencesOf } from './differences-of.ts';
import { CONFORM_SCHEMA_ID, type ConformDocument, type ConformStrategy } from './conform-document.ts';

export interface ConformOptions {
  /** @defaultValue all */
  readonly backends?: readonly WorldBackend[];
  /** Property runs per strategy, over all its backends and regimes. @defaultValue DEFAULT_RUNS */
  readonly runs?: number;
  /** @defaultValue 1 */
  readonly seed?: number;
  /** Additions to leave out; each strategy must have them all. */
  readonly without?: ReadonlySet<string>;
  readonly onProgress?: (what: string) => void;
}

/** The suite over some strategies, as the document of `conform --json`. */
export function conform(
  strategies: readonly Strategy[],
  expectations: Expectations,
  options: ConformOptions = {},
): ConformDocument {
  const { backends = WORLD_BACKENDS, runs = DEFAULT_RUNS, seed = 1, without = new Set<string>(), onProgress } = options;
  const reports = strategies.map((strategy) =>
    runConformance(strategy, {
      backends,
      runs,
      seed,
      without,
      onProgress: (done, of) => onProgress?.(`${strategy.id}: ${done} of ${of} cells`),
    }),
  );
  const isCompared = without.size === 0;
  const differences = isCompared ? reports.flatMap((report) => differencesOf(report, expectations)) : [];
  return {
    schema: CONFORM_SCHEMA_ID,
    seed,
    without: [...without],
    strategies: reports.map((report, at) => describeReport(strategies[at]!, report, { backends, without, expectations })),
    differences,
    matchesExpectations: isCompared ? differences.length === 0 : null,
  };
}

export interface DescribeOptions {
  readonly backends: readonly WorldBackend[];
  readonly without: ReadonlySet<string>;
  readonly expectations: Expectations;
  /** What names the strategy on a command line. @defaultValue its id */
  readonly name?: string;
}

/** A report in the words of the document. */
export function describeReport(
  { id, title }: Pick<Strategy, 'id' | 'title'>,
  report: ConformanceReport,
  { backends, without, expectations, name = id }: DescribeOptions,
): ConformStrategy {
  return {
    id,
    title,
    verdict: report.verdict,
    notApplicable: report.notApplicable,
    backends: [...backends],
    cases: report.cases,
    skippedCases: [...report.skippedCases],
    failedCases: [...report.failedCases],
    worlds: report.worlds,
    properties: report.properties,
    cells: report.cells.map(({ backend, regime, outcome, stops, unwitnessed }) => {
      return { backend, regime, outcome, stops, unwitnessed: [...unwitnessed] };
    }),
    failures: report.cells.flatMap(({ backend, regime, broken }) =>
      broken.map((finding) => ({ backend, regime, ...describeFinding(finding, id, without, expectations, name) })),
    ),
  };
}
