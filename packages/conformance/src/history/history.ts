// SPDX-License-Identifier: MIT
import type { WorldSpec } from '../world/world-spec.ts';
import type { Operation } from './operation.ts';

/** The operations applied to a world: saved, shrunk, replayed, pasted. */
export interface History {
  readonly world: WorldSpec;
  readonly operations: readonly Operation[];
}
