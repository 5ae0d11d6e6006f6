// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UsageError } from '../usage-error.ts';

export interface RecordingFile {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

/** Far above any recording, and below what a string can hold. */
const MAX_BYTES = 400 * 1024 * 1024;

/** Reads a recording, plain or compressed by gzip whatever it is called. */
export function readRecording(file: string, folder: string): RecordingFile {
  try {
    const bytes = readFileSync(resolve(folder, file));
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
    if (plain.length > MAX_BYTES) throw new RangeError(`${plain.length} bytes are more than ${MAX_BYTES}`);
    return { file, text: plain.toString('utf8') };
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}; give a .jsonl or .jsonl.gz recording`);
  }
}
