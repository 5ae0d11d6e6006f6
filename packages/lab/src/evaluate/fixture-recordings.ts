// SPDX-License-Identifier: MIT
import { fileURLToPath } from 'node:url';
import { readRecording, type RecordingFile } from '../check-kernel/read-recording.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** What real kernels and a real DMA device answered to the stale sequence; named by kernel interface and version. */
const FILES = [
  'stale-type1-6.1.jsonl.gz',
  'stale-type1-7.2.jsonl.gz',
  'stale-iommufd-7.2own.jsonl.gz',
  'stale-compat-7.2own.jsonl.gz',
];

export function fixtureRecordings(): RecordingFile[] {
  return FILES.map((file) => readRecording(file, FOLDER));
}
