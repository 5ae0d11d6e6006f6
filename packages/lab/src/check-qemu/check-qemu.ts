// SPDX-License-Identifier: MIT
import { checkQemuRecording, RecordingError } from '@sda-lab/qemu-link';
import type { RecordingFile } from '../check-kernel/read-recording.ts';
import { UsageError } from '../usage-error.ts';
import { CHECK_QEMU_SCHEMA_ID, type CheckQemuDocument } from './check-qemu-document.ts';

/** Recordings of a real QEMU against the models, as the document of `check qemu --json`. */
export function checkQemu(recordings: readonly RecordingFile[]): CheckQemuDocument {
  const files = recordings.map(checkFile);
  const sum = (key: 'requests' | 'messages' | 'mismatches'): number => files.reduce((total, file) => total + file[key], 0);
  return {
    schema: CHECK_QEMU_SCHEMA_ID,
    files,
    requests: sum('requests'),
    messages: sum('messages'),
    mismatches: sum('mismatches'),
  };
}

function checkFile({ file, text }: RecordingFile): CheckQemuDocument['files'][number] {
  try {
    const { first, skipped, ...counts } = checkQemuRecording(text);
    return { file, ...counts, first: first.map((one) => ({ ...one })), ...(skipped === undefined ? {} : { skipped }) };
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}
