// SPDX-License-Identifier: MIT
/**
 * The evaluation: every design through the suite on the two kernel interfaces, the scenarios and the recordings, as one
 * document; `conform` has the other backends. A pure function
 * of its arguments: one seed, one document, byte for byte; so it holds no times.
 */
import {
  type Cell,
  type ConformanceReport,
  type Expectations,
  KERNEL_BACKENDS,
  runConformance,
  type RunCost,
} from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { checkKernel } from '../check-kernel/check-kernel.ts';
import type { RecordingFile } from '../check-kernel/read-recording.ts';
import { differencesOf } from '../conform/differences-of.ts';
import { describeFinding } from '../finding-document.ts';
import { ablate } from './ablate.ts';
import { designNeeds } from './design-needs.ts';
import { type AblationDocument, EVALUATION_SCHEMA_ID, type EvaluationDocument, type EvaluationStrategy } from './evaluation-document.ts';
import { type Place, placesOf } from './places.ts';
import { recordedSteps } from './recorded-steps.ts';
import { runAdmission } from './scenarios/admission.ts';
import { runLateHotplug } from './scenarios/late-hotplug.ts';
import { runRefusal } from './scenarios/refusal.ts';
import { runSixSteps } from './scenarios/six-steps.ts';
import { runSwiotlb } from './scenarios/swiotlb.ts';
import { runUnmapShape } from './scenarios/unmap-shape.ts';
import { runVirtioMem } from './scenarios/virtio-mem.ts';
import { runWholeGuest } from './scenarios/whole-guest.ts';

export interface EvaluateOptions {
  readonly strategies: readonly Strategy[];
  readonly expectations: Expectations;
  readonly recordings: readonly RecordingFile[];
  /** Property runs per strategy. @defaultValue 2400 */
  readonly runs?: number;
  /** @defaultValue 1 */
  readonly seed?: number;
  readonly onProgress?: (what: string) => void;
}

export function evaluate(options: EvaluateOptions): EvaluationDocument {
  const { strategies, expectations, recordings, runs = 2400, seed = 1, onProgress = () => undefined } = options;
  const reports = strategies.map((strategy) =>
    runConformance(strategy, {
      backends: KERNEL_BACKENDS,
      runs,
      seed,
      onProgress: (done, of) => onProgress(`conformance: ${strategy.id}, ${done} of ${of} cells`),
    }),
  );
  const places = placesOf(strategies);
  const swiotlb = runSwiotlb(places, onProgress);
  const ablation = ablate(strategies, seed, onProgress);
  onProgress('scenarios and recordings');
  const { files, operations, mismatches } = checkKernel(recordings);
  const compared = { files, operations, mismatches, steps: recordedSteps(recordings) };
  const differences = [
    ...reports.flatMap((report) => differencesOf(report, expectations)),
    ...files.filter((one) => one.mismatches > 0).map((one) => `${one.file}: ${one.mismatches} mismatches with the model`),
    ...ablation.filter(isAmiss).map(amissText),
  ];
  return {
    schema: EVALUATION_SCHEMA_ID,
    seed,
    runs,
    strategies: strategies.map((strategy, at) => {
      const costOf = (cell: Cell): RunCost | null => swiotlb.costs[places.findIndex((place) => isAt(place, strategy, cell))] ?? null;
      return describe(strategy, reports[at]!, expectations, costOf);
    }),
    ablation,
    scenarios: {
      sixSteps: runSixSteps(places),
      lateHotplug: runLateHotplug(places),
      swiotlb: swiotlb.scenario,
      virtioMem: runVirtioMem(places),
      refusal: runRefusal(places),
      unmapShape: runUnmapShape(strategies),
      wholeGuest: runWholeGuest(),
      admission: runAdmission(),
    },
    recordings: compared,
    differences,
    matchesExpectations: differences.length === 0,
  };
}

function isAt(place: Place, strategy: Strategy, cell: Cell): boolean {
  return place.strategy === strategy && place.backend === cell.backend && place.regime === cell.regime;
}

/** An addition whose absence breaks nothing, or not what the design says, is not understood. */
function isAmiss({ falls, guards }: AblationDocument): boolean {
  return falls !== guards;
}

function amissText({ id, without, falls, guards }: AblationDocument): string {
  return `${id} without ${without}: expected ${guards} to fall, ${falls ?? 'nothing'} fell`;
}

function describe(
  strategy: Strategy,
  report: ConformanceReport,
  expectations: Expectations,
  costOf: (cell: Cell) => RunCost | null,
): EvaluationStrategy {
  const { id, title, source } = strategy;
  return {
    id,
    title,
    source,
    verdict: report.verdict,
    notApplicable: report.notApplicable,
    cells: report.cells.map((cell) => ({
      backend: cell.backend,
      regime: cell.regime,
      outcome: cell.outcome,
      stops: cell.stops,
      unwitnessed: [...cell.unwitnessed],
      broken: cell.broken.map((finding) => describeFinding(finding, id, new Set(), expectations)),
      cost: costOf(cell),
    })),
    cases: report.cases,
    properties: report.properties,
    design: designNeeds(strategy),
  };
}
