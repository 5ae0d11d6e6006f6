// SPDX-License-Identifier: MIT
// The benchmarks as `lab bench` runs them: an order in the first argument, messages over the channel of the process.
import type { BenchDocument, BenchMessage, BenchRequest } from '@sda-lab/lab';
import { runAll } from './run-all.ts';
import { growthPlot } from './growth/plot.ts';
import { WrongUse } from './wrong-use.ts';

function tell(message: BenchMessage): void {
  if (process.send === undefined) throw new Error('start this with npm run bench');
  process.send(message);
}

const filesOf = ({ growth }: BenchDocument): { name: string; text: string }[] =>
  growth.length === 0 ? [] : [{ name: 'growth.svg', text: growthPlot(growth) }];

try {
  const request = JSON.parse(process.argv[2]!) as BenchRequest;
  const document = await runAll(request, (text) => tell({ kind: 'progress', text }));
  tell({ kind: 'done', document, files: filesOf(document) });
} catch (error) {
  if (error instanceof WrongUse) tell({ kind: 'wrong-use', text: error.message });
  else tell({ kind: 'failed', text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}
