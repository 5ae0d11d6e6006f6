// SPDX-License-Identifier: MIT
export { checkQemuRecording } from './recording/check-qemu-recording.ts';
export type { Mismatch, QemuRecordingReport } from './recording/ledger.ts';
export { type ModelParts, QEMU_11_1_PARTS } from './recording/model-parts.ts';
export { RecordingError } from '@sda-lab/vfio-mock';
