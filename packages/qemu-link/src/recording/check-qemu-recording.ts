// SPDX-License-Identifier: MIT
/**
 * A recorded stream of a real QEMU 11.1 against the models: each request is carried out by the model, and what QEMU did
 * and answered must be what the model does and answers, in order. docs/check-qemu.md describes the recordings.
 *
 * Two kinds can be compared: streams whose marks carry answers (`resp`), and confidential guests whose exits are
 * recorded. Any other stream is skipped and says why; marks with answers about a guest that nothing is known of are a
 * `RecordingError`.
 * Source: recordings of QEMU 11.1.3. Not covered: mending a state that went apart; mismatches after the first may
 * follow from it.
 */
import { checkConfidential } from './confidential/check-confidential.ts';
import { checkMarks, hasAnswer } from './marks/check-marks.ts';
import { isExit } from './confidential/exit.ts';
import type { QemuRecordingReport } from './ledger.ts';
import { type ModelParts, QEMU_11_1_PARTS } from './model-parts.ts';
import { parseRecording } from './recorded-line.ts';

/** Throws a `RecordingError` for a text that is no recording. `parts` are replaced only to plant faults. */
export function checkQemuRecording(text: string, parts: ModelParts = QEMU_11_1_PARTS): QemuRecordingReport {
  const lines = parseRecording(text);
  if (lines.some(isExit)) return checkConfidential(lines, parts);
  if (lines.some(hasAnswer)) return checkMarks(lines, parts);
  return skip('no mark carries an answer and no exit of a vCPU is in it');
}

function skip(reason: string): QemuRecordingReport {
  const nothing = { requests: 0, messages: 0, mismatches: 0, first: [], asked: {}, effects: {}, leftOut: {} };
  return { ...nothing, skipped: reason };
}
