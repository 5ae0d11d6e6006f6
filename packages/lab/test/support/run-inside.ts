// SPDX-License-Identifier: MIT
// Runs the command line inside the test's process; cheap, for what needs no process of its own.
import { runLab } from '../../src/run-lab.ts';

export interface InsideRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export function runInside(args: readonly string[], folder: string = process.cwd()): InsideRun {
  let out = '';
  let err = '';
  const code = runLab(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    showsProgress: false,
    folder,
  });
  if (typeof code !== 'number') throw new Error('a verb that waits for a Worker needs a process of its own: runProgram');
  return { code, out, err };
}
