// SPDX-License-Identifier: MIT
import { checkRecording, type KernelVersion, RecordingError } from '@sda-lab/vfio-mock';
import { basename } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { CHECK_KERNEL_SCHEMA_ID, type CheckKernelDocument } from './check-kernel-document.ts';
import type { RecordingFile } from './read-recording.ts';

/** Recordings of real kernels against the model, as the document of `check kernel --json`. */
export function checkKernel(recordings: readonly RecordingFile[], kernel?: KernelVersion): CheckKernelDocument {
  const files = recordings.map((recording) => checkFile(recording, kernel));
  const sum = (key: 'operations' | 'mismatches'): number => files.reduce((total, file) => total + file[key], 0);
  return {
    schema: CHECK_KERNEL_SCHEMA_ID,
    files,
    operations: sum('operations'),
    mismatches: sum('mismatches'),
  };
}

function checkFile({ file, text }: RecordingFile, kernel: KernelVersion | undefined): CheckKernelDocument['files'][number] {
  try {
    const report = checkRecording(text, { fileName: basename(file), ...(kernel === undefined ? {} : { kernel }) });
    const first = report.first.map(({ line, op, expected, got, before }) => {
      return { line, op, expected: { ...expected }, got: { ...got }, before: [...before] };
    });
    return { file, kernel: report.kernel, operations: report.operations, mismatches: report.mismatches, first };
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}
