// SPDX-License-Identifier: MIT
export { blocked } from './controls/blocked.ts';
export { keepShared } from './controls/keep-shared.ts';
export { keepSharedAsPosted } from './controls/keep-shared-as-posted.ts';
export { uncoordinated } from './controls/uncoordinated.ts';
export { HistoryError } from './history/history-error.ts';
export type { History } from './history/history.ts';
export { HISTORY_SCHEMA_ID, historyFromJsonLines, historyHeadSchema, historyToJsonLines } from './history/json-lines.ts';
export { type NestedOperation, type Operation, type OperationName, operationSchema } from './history/operation.ts';
export { parseHistory } from './history/parse-history.ts';
export { printHistory, printOperation, printWorld } from './history/print-history.ts';
export { audit } from './judge/audit.ts';
export { explain } from './judge/explain.ts';
export { type Invariant, INVARIANTS, type Reach } from './judge/invariant.ts';
export type { Evidence, Reason, Violation } from './judge/violation.ts';
export { type ConsumerName, CONSUMERS, type Witness, Witnesses } from './judge/witnesses.ts';
export { type Report, reportText } from './world/consumers/reports.ts';
export { whyNotInside } from './world/locks.ts';
export { type NestedFate, type NestedRun, runNested } from './world/nested.ts';
export { type RunCost, runHistory, type RunOptions, type RunResult, type Step } from './run-history.ts';
export { caseHistories } from './suite/case-histories.ts';
export { checkStrategy, type OwnInstance, type OwnStrategy } from './strategy/check-strategy.ts';
export { leaveOut, mutate, passOn, type Plant, withPlug } from './strategy/mutate.ts';
export { StrategyError } from './strategy/strategy-error.ts';
export type { Memory } from './strategy/text-words.ts';
export { CASES } from './suite/cases.ts';
export type { Absence, Basis, ConformanceCase, Need } from './suite/conformance-case.ts';
export type { Finding } from './suite/finding.ts';
export { randomHistory } from './suite/random-history.ts';
export {
  type AskedRun,
  firmwarePingPong,
  SNP_LINUX_ENTRIES,
  SNP_MAX_ENTRIES,
  snpEntriesOf,
  type SnpEntry,
  snpPageStateChange,
  TDX_EXIT_PAGES,
  tdxMapGpa,
} from './suite/shapes.ts';
export {
  type Cell,
  type ConformanceOptions,
  type ConformanceReport,
  DEFAULT_RUNS,
  type Outcome,
  runConformance,
  type Verdict,
} from './suite/run-conformance.ts';
export { shortenHistory } from './suite/shorten-history.ts';
export { shortenWhile } from './suite/shorten-while.ts';
export { thrownText } from './world/guard/shown.ts';
export { eventText, type WorldEvent } from './world/event.ts';
export { WorldSizeError } from './world/check-size.ts';
export type { WorldParts } from './world/machine.ts';
export { type Answer, World } from './world/world.ts';
export {
  type ContainerSpec,
  hypotheticalPart,
  KERNEL_BACKENDS,
  MAX_RUN_LENGTH_PAGES,
  MAX_WORLD_PAGES,
  positionCount,
  type VmemSpec,
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
export { ContainerSymmetry, type Renaming } from './search/container-symmetry.ts';
export { InputHistory } from './search/input-history.ts';
export { type MergedShard, mergeShards, type ShardPart, whyNotShards } from './search/merge-shards.ts';
export { PageSymmetry } from './search/page-symmetry.ts';
export { MOST_PAGES } from './search/per-page/page-bits.ts';
export { pageWorld } from './search/per-page/page-history.ts';
export { createPerPageModel, type PerPageOptions } from './search/per-page/per-page-model.ts';
export { proveContainerSymmetry, type ProvenContainerSymmetry } from './search/per-page/prove-container-symmetry.ts';
export { provePageSymmetry, type ProvenSymmetry } from './search/per-page/prove-page-symmetry.ts';
export { Search, search, type SearchOptions, type SearchProgress, type ShardResult } from './search/search.ts';
export type { Hole, Property, RestoredBy, SearchModel, Sometimes } from './search/search-model.ts';
export { type Counterexample, type Coverage, type Cut, type SearchResult, searchVerdict } from './search/search-result.ts';
export type { Shard } from './search/sharded-exploration.ts';
export type { Strays } from './search/strays.ts';
export type { Symmetry } from './search/symmetry.ts';
export {
  boundedWorld,
  MOST_CONTAINERS,
  MOST_WORLD_PAGES,
  STANDARD_BOUND,
  whyNoWorld,
  type WorldBound,
} from './search/world/world-bound.ts';
export { searchedOperations } from './search/world/searched-operations.ts';
export { createTwinModel, type TwinModel } from './search/world/twin-model.ts';
export { createLockstepModel, type LockstepModel, type LockstepOptions } from './search/world/lockstep-model.ts';
export { createWorldModel, type WorldModel, type WorldModelOptions } from './search/world/world-model.ts';
