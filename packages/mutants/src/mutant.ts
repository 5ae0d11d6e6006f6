// SPDX-License-Identifier: MIT
import type { Invariant, WorldBackend, WorldParts } from '@sda-lab/conformance';
import type { Regime, Strategy } from '@sda-lab/guest-memory';

/** Which code has the mistake. */
export type Where = 'strategy' | 'listener' | 'virtio-mem' | 'manager' | 'conversion path';

/** A design, or a part of the machine around it, with one thing wrong. */
export interface Mutant {
  /** Stable, kebab-case, says the mistake. */
  readonly id: string;
  /** The invariant that falls by it. */
  readonly breaks: Invariant;
  /** One line: what is done instead of what. */
  readonly what: string;
  readonly where: Where;
  /** Where the mistake was made: commit, list message, file of a version; or what makes a careful engineer make it. */
  readonly source: string;
  /** The design without the mistake. What it breaks itself in a history is not held against the mutant there. */
  readonly carrier: Strategy;
  readonly strategy: Strategy;
  /** Parts of the machine that have the mistake, where it is not the strategy. */
  readonly parts?: WorldParts;
  /** Where it lives. @defaultValue the two kernel interfaces, of one with a proof all */
  readonly backends?: readonly WorldBackend[];
  /** @defaultValue all regimes of the carrier */
  readonly regimes?: readonly Regime[];
  /** Why nothing observable changes, wherever it is run; only of a mutant that is claimed equivalent. */
  readonly proof?: string;
}

/** A mistake that engineers make without a mail or a commit to name. */
export const CAREFUL = 'a mistake a careful engineer makes';
