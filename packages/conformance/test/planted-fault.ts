// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import type { Evidence, Invariant, Reach } from '../src/index.ts';
import type { Sabotage } from './support/sabotage.ts';

export interface PlantedFault {
  /** A fact about the mistake. */
  readonly name: string;
  readonly strategy: Strategy;
  /** What is wrong about the world instead, while the strategy is right. */
  readonly sabotage?: Sabotage;
  readonly line: string;
  /** A named case that shows a wrong design breaking the same invariant; a wrong world part has none. */
  readonly caughtBy?: string;
  readonly falls: Invariant;
  /** @defaultValue live */
  readonly reach?: Reach;
  /** Index of the operation; the number of operations when the history is over. */
  readonly at: number;
  readonly evidence: Evidence;
  readonly words: string;
  /** Other invariants that fall by the same mistake. */
  readonly also: readonly Invariant[];
}

export const OVER = 'Let the history be over: faults are lifted, refused requests retried, containers detached.';
