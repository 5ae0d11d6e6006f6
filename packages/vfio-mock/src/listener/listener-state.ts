// SPDX-License-Identifier: MIT
import type { Instance, Section } from '@sda-lab/guest-memory';

export interface Followed {
  readonly section: Section;
  /** Who tells of the section; undefined when it is mapped whole. */
  readonly instance: Instance | undefined;
}

/** What a listener remembers between calls, apart from how far its last map came. */
export interface ListenerState {
  isAttached: boolean;
  /** In the order they were added; replaced, never changed. */
  followed: readonly Followed[];
  /** Granule of the last run mapped of a section, where it is not the smallest: what a remap uses. */
  readonly granules: Map<Section, number>;
}
