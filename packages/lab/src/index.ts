// SPDX-License-Identifier: MIT
export { checkKernel } from './check-kernel/check-kernel.ts';
export { CHECK_KERNEL_SCHEMA_ID, type CheckKernelDocument, checkKernelSchema } from './check-kernel/check-kernel-document.ts';
export { readRecording, type RecordingFile } from './check-kernel/read-recording.ts';
export { conform, type ConformOptions } from './conform/conform.ts';
export { CONFORM_SCHEMA_ID, type ConformDocument, conformSchema } from './conform/conform-document.ts';
export { evaluate, type EvaluateOptions } from './evaluate/evaluate.ts';
export { EVALUATION_SCHEMA_ID, type EvaluationDocument, evaluationSchema } from './evaluate/evaluation-document.ts';
export { fixtureRecordings } from './evaluate/fixture-recordings.ts';
export { eventOrder } from './event-order/event-order.ts';
export { EXIT, type ExitCode } from './exit-code.ts';
export { loadExpectations } from './expectations.ts';
export { replay } from './replay/replay.ts';
export { REPLAY_SCHEMA_ID, type ReplayDocument, replaySchema } from './replay/replay-document.ts';
export { STRATEGIES } from './strategies.ts';
