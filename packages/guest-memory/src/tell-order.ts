// SPDX-License-Identifier: MIT
/**
 * The order in which a design that does right tells those who follow a block: from the last consumer name to the first,
 * from the highest section to the lowest, private side before shared. It does not depend on who came when, which is one
 * thing less to remember, to search and to reason about. Where devices come by name and sections by address, it is
 * newest first, as QEMU's lists tell theirs.
 *
 * Not covered: two consumers of one name. Who was met first of them is told last.
 */
import type { Side } from './page.ts';
import type { Consumer } from './ports/consumer.ts';
import type { Section } from './section.ts';

export interface Told {
  readonly consumer: Consumer;
  readonly section: Section;
  readonly side: Side;
}

/** Negative when `one` is told before `other`. */
export function tellOrder(one: Told, other: Told): number {
  if (one.consumer.name !== other.consumer.name) return one.consumer.name > other.consumer.name ? -1 : 1;
  if (one.section.firstGfn !== other.section.firstGfn) return other.section.firstGfn - one.section.firstGfn;
  if (one.side !== other.side) return one.side === 'private' ? -1 : 1;
  return 0;
}
