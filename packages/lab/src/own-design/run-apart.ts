// SPDX-License-Identifier: MIT
/**
 * Runs a job on a design out of harm's way: in a Worker, and the Worker in a process of its own. Whatever happens
 * there, this ends with what was told and, if that was not all, why.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Told } from './process.ts';
import { asMessage, type Message, type Order } from './protocol.ts';
import type { Ended } from './run-in-worker.ts';

export function runApart(order: Order, onMessage: (message: Message) => void): Promise<Ended | undefined> {
  // Nothing of what a dying Node writes is for the reader; what the design prints comes as messages.
  const child = fork(processFile(), [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise((resolve, reject) => {
    let underWay: string | null = null;
    let over: { readonly ended: Ended | undefined } | undefined;
    const end = (ended: Ended | undefined): void => {
      over ??= { ended };
      // A thread in native code cannot be ended, and would hold the process.
      child.kill('SIGKILL');
    };
    child.on('message', (told: Told) => {
      if (told.kind === 'under-way') underWay = told.line || null;
      if (told.kind === 'over') end(told.ended ?? undefined);
      if (told.kind !== 'message') return;
      const message = asMessage(told.message);
      if (message !== undefined) onMessage(message);
      else end({ reason: 'it sent a message that the suite never sends', underWay });
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      const died = { reason: `the process it ran in died (${how}), as Node does when memory runs out`, underWay };
      resolve(over === undefined ? died : over.ended);
    });
    child.send(order);
  });
}

/** Beside this file, and of its kind: built, or as the sources are where Node runs them. */
function processFile(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./process.${ending}`, import.meta.url));
}
