// SPDX-License-Identifier: MIT
/**
 * A process around the Worker, started by run-apart.ts with one order: some ways to run out of memory end a Worker,
 * others end the process it is in. It hands on what the Worker tells and goes when whoever started it is gone.
 */
import type { Order } from './protocol.ts';
import { type Ended, runInWorker } from './run-in-worker.ts';

/** What this process tells. It runs no code of the design; the message is the Worker's, unchecked. */
export type Told =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'under-way'; readonly line: string }
  | { readonly kind: 'over'; readonly ended: Ended | null };

const tell = (told: Told): void => void process.send?.(told);

process.once('message', (order: Order) => {
  const listener = {
    onMessage: (message: unknown) => tell({ kind: 'message', message }),
    onUnderWay: (line: string) => tell({ kind: 'under-way', line }),
  };
  void runInWorker(order, listener).then((ended) => tell({ kind: 'over', ended: ended ?? null }));
});
process.on('disconnect', () => process.exit());
