#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The program: binds the command line to this process. What it does is in run-lab.ts.
import { runLab } from './run-lab.ts';

// Who reads our output may leave early, as `head` does; what was asked for is still done.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runLab(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  showsProgress: process.stderr.isTTY,
  folder: process.cwd(),
});
