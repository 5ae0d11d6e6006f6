// SPDX-License-Identifier: MIT
/** What goes between the benchmarks and a process that runs a part of them: arguments there, a line of JSON per result back. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Size } from './harness/table.ts';

export interface ChildOrder {
  readonly kind: 'workload' | 'growth';
  readonly size: Size;
  readonly rounds: number;
  readonly seed: number;
  /** Of workloads, or of strategies. */
  readonly ids: readonly string[];
}

const program = fileURLToPath(new URL('./child.js', import.meta.url));

/** Every result as it comes; fails with the child's own words. */
export async function runChild(order: ChildOrder, onResult: (result: unknown) => void): Promise<void> {
  const child = spawn(process.execPath, ['--expose-gc', program, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
  for await (const line of createInterface({ input: child.stdout })) onResult(JSON.parse(line));
  const code = await ended;
  if (code !== 0) throw new Error(`${order.kind} ${order.ids.join(' ')} ended with ${code}: ${errors}`);
}
