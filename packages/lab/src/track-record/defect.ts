// SPDX-License-Identifier: MIT
import type { Basis, Invariant, Reach, WorldBackend } from '@sda-lab/conformance';

/** A mistake that was really made, or really stands in a release, and what of ours finds it. */
export interface Defect {
  /** What is wrong, in one line. */
  readonly defect: string;
  /** Where it can be read: a file and version, a commit, a list message, a recorded run. */
  readonly upstream: string;
  readonly basis: Basis;
  readonly strategy: string;
  readonly invariant: Invariant;
  readonly reach: Reach;
  /** The named case that finds it. */
  readonly case: string;
  /** @defaultValue type1v2 */
  readonly backend?: WorldBackend;
}
