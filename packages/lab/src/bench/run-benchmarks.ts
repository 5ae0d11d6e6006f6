// SPDX-License-Identifier: MIT
/**
 * Runs the program of the benchmarks, which lives in the repository and in no package: the competitors it compares with
 * are nothing that whoever installs the lab needs. It runs in a process of its own; what it writes goes to standard error.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.ts';
import type { BenchMessage, BenchRequest } from './bench-request.ts';

type Done = Extract<BenchMessage, { kind: 'done' }>;

/** Beside the packages, seen from sources and from what was built of them alike. */
const repository = new URL('../../../../benchmarks/', import.meta.url);
const STANDARD_ERROR = 2;

export function runBenchmarks(request: BenchRequest, onProgress: (what: string) => void): Promise<Done> {
  const program = benchProgram(repository);
  return new Promise((resolve, reject) => {
    const child = fork(program, [JSON.stringify(request)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', STANDARD_ERROR, STANDARD_ERROR, 'ipc'],
    });
    child.on('message', (message: BenchMessage) => {
      if (message.kind === 'progress') onProgress(message.text);
      else if (message.kind === 'done') resolve(message);
      else reject(message.kind === 'wrong-use' ? new UsageError(message.text) : new Error(`the benchmarks failed: ${message.text}`));
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`the benchmarks ended with ${signal ?? code} before their result`)));
  });
}

/** The built program; wrong use where there is none. */
export function benchProgram(folder: URL): string {
  const program = fileURLToPath(new URL('dist/main.js', folder));
  if (existsSync(program)) return program;
  const isRepository = existsSync(new URL('package.json', folder));
  throw new UsageError(
    isRepository
      ? 'the benchmarks are not built yet; npm run bench in the repository builds and runs them'
      : 'bench compares with other packages and needs the repository of sda-lab; there it is npm run bench',
  );
}
