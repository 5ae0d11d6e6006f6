// SPDX-License-Identifier: MIT
export { blocked } from './controls/blocked.ts';
export { keepShared } from './controls/keep-shared.ts';
export { uncoordinated } from './controls/uncoordinated.ts';
export { HistoryError } from './history/history-error.ts';
export type { History } from './history/history.ts';
export { HISTORY_SCHEMA_ID, historyFromJsonLines, historyHeadSchema, historyToJsonLines } from './history/json-lines.ts';
export { type Operation, type OperationName, operationSchema } from './history/operation.ts';
export { parseHistory } from './history/parse-history.ts';
export { printHistory, printOperation, printWorld } from './history/print-history.ts';
export { audit } from './judge/audit.ts';
export { explain } from './judge/explain.ts';
export { type Invariant, INVARIANTS, type Reach } from './judge/invariant.ts';
export type { Evidence, Reason, Violation } from './judge/violation.ts';
export { Witnesses } from './judge/witnesses.ts';
export { type RunCost, runHistory, type RunOptions, type RunResult, type Step } from './run-history.ts';
export { CASES } from './suite/cases.ts';
export type { Absence, Basis, ConformanceCase, Need } from './suite/conformance-case.ts';
export type { Finding } from './suite/finding.ts';
export { randomHistory } from './suite/random-history.ts';
export {
  type Cell,
  type ConformanceOptions,
  type ConformanceReport,
  DEFAULT_RUNS,
  type Outcome,
  runConformance,
  type Verdict,
} from './suite/run-conformance.ts';
export { eventText, type WorldEvent } from './world/event.ts';
export type { WorldParts } from './world/machine.ts';
export { type Answer, World } from './world/world.ts';
export {
  KERNEL_BACKENDS,
  MAX_WORLD_PAGES,
  positionCount,
  WORLD_BACKENDS,
  type WorldBackend,
  type WorldInput,
  worldSchema,
  type WorldSpec,
  worldSpec,
} from './world/world-spec.ts';
export { type AblationOptions, type AblationRow, runAblation } from './suite/run-ablation.ts';
export {
  compareWithExpectations,
  type ExpectationRow,
  type Expectations,
  EXPECTATIONS_SCHEMA_ID,
  expectationsSchema,
  findExpectation,
} from './expectations/expectations.ts';
