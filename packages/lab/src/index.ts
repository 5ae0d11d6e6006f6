// SPDX-License-Identifier: MIT
export {
  BENCH_SCHEMA_ID,
  type BenchBitmap,
  type BenchCase,
  type BenchDocument,
  type BenchGrowth,
  type BenchLeftOut,
  type BenchMachine,
  type BenchMeters,
  type BenchRow,
  benchSchema,
  type BenchWorkload,
} from './bench/bench-document.ts';
export type { BenchMessage, BenchRequest } from './bench/bench-request.ts';
export { caseList } from './case-list/case-list.ts';
export { checkKernel } from './check-kernel/check-kernel.ts';
export { CHECK_KERNEL_SCHEMA_ID, type CheckKernelDocument, checkKernelSchema } from './check-kernel/check-kernel-document.ts';
export { readRecording, type RecordingFile } from './check-kernel/read-recording.ts';
export { checkQemu } from './check-qemu/check-qemu.ts';
export { CHECK_QEMU_SCHEMA_ID, type CheckQemuDocument, checkQemuSchema } from './check-qemu/check-qemu-document.ts';
export { checkRdm } from './check-rdm/check-rdm.ts';
export { CHECK_RDM_SCHEMA_ID, type CheckRdmDocument, checkRdmSchema } from './check-rdm/check-rdm-document.ts';
export { conform, type ConformOptions } from './conform/conform.ts';
export { CONFORM_SCHEMA_ID, type ConformDocument, conformSchema } from './conform/conform-document.ts';
export { conformMutants, type ConformMutantsOptions } from './conform/mutants/conform-mutants.ts';
export { MUTANTS_SCHEMA_ID, type MutantsDocument, mutantsSchema } from './conform/mutants/mutants-document.ts';
export { evaluate, type EvaluateOptions } from './evaluate/evaluate.ts';
export { EVALUATION_SCHEMA_ID, type EvaluationDocument, evaluationSchema } from './evaluate/evaluation-document.ts';
export { fixtureRecordings } from './evaluate/fixture-recordings.ts';
export { eventOrder } from './event-order/event-order.ts';
export { exhaustClaims } from './exhaust/exhaust-claims.ts';
export { EXHAUSTION_SCHEMA_ID, type ExhaustionDocument, exhaustionSchema } from './exhaust/exhaustion-document.ts';
export { EXIT, type ExitCode } from './exit-code.ts';
export { loadExpectations } from './expectations.ts';
export { replay } from './replay/replay.ts';
export { REPLAY_SCHEMA_ID, type ReplayDocument, replaySchema } from './replay/replay-document.ts';
export { SEARCH_SCHEMA_ID, type SearchDocument, searchSchema } from './search/search-document.ts';
export { STRATEGIES } from './strategies.ts';
export type { Defect } from './track-record/defect.ts';
export { DEFECTS } from './track-record/defects.ts';
export { findDefect, trackRecord } from './track-record/track-record.ts';
