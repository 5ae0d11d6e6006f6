// SPDX-License-Identifier: MIT
import type { GfnRange } from '../gfn-range.ts';
import type { Side } from '../page.ts';
import type { PageRange, RamBlock } from '../ram-block.ts';
import type { Section } from '../section.ts';
import type { Status } from '../status.ts';
import type { Consumer } from './consumer.ts';
import type { PlugEvents, PlugSource } from './plug.ts';
import type { Cast, Words } from './words.ts';

/** A guest's conversion request after validation: the pages of one block, and the guest pages the attributes go to. */
export interface ConversionRequest {
  readonly pages: PageRange;
  readonly gfns: GfnRange;
}

/** What a consumer of guest memory asks for: device mappings, pages to send, pages to dump, legal vIOMMU targets. */
export type View = 'dma' | 'migrate' | 'dump' | 'translate';

/**
 * One maximal run of equal state; a non-zero return stops the walk and becomes its result. `firstGfn` is the guest page
 * number the design hands out with the run; left out, it is where the asker's section shows `firstPage`.
 */
export type EmitRun = (firstPage: number, endPage: number, side: Side, firstGfn?: number) => Status;

/** One strategy at work in one world. All calls are synchronous; refusals are statuses, and a refusal is not a throw. */
export interface Instance {
  /** A block comes into being, all private (hasGuestMemfd) or all shared, not yet mapped anywhere. */
  addBlock(block: RamBlock): Status;
  /** The block goes; no section, source or consumer refers to it any more. */
  removeBlock(block: RamBlock): void;
  /** A plug source takes part in the block's state; -EBUSY when the design allows no second state owner. */
  attachSource(block: RamBlock, source: PlugSource): Status;
  detachSource(block: RamBlock, source: PlugSource): Status;
  /** A consumer starts to follow a section: everything it should have mapped now is mapped before this returns 0. */
  subscribe(consumer: Consumer, section: Section): Status;
  /** The consumer stops; its mappings of the section are removed. */
  unsubscribe(consumer: Consumer, section: Section): void;
  /** One guest request. -EAGAIN: refused for now, the guest may retry. The order of steps is this function's code. */
  convert(request: ConversionRequest, to: Side): Status;
  /**
   * The VM is about to be rebuilt: every page becomes private, on a new and empty guest_memfd. What the shared side
   * holds is the design's to discard. A refusal keeps the VM as it is.
   */
  reset(): Status;
  readonly plug: PlugEvents;
  /**
   * Maximal runs of a block's pages that a view shows, ascending, within [firstPage, endPage), each with the side it is
   * read from. `migrate` shows what is sent: all that the design does not call discarded; `shared` is plain RAM, read
   * through the process's mapping, also where the guest uses the private side.
   */
  runs(block: RamBlock, view: View, firstPage: number, endPage: number, emit: EmitRun): Status;
  /**
   * All the design remembers between operations, as words, for a search that leaves states and comes back to them. What
   * it asks of somebody else (a side, a plugged block, a mapping) belongs to that part's words. Asked once, after all
   * blocks were added; a load puts followers and sources in and out without any call to them. A design without words is
   * searched by re-execution: slower, and never wrong.
   */
  words?(cast: Cast): Words;
}
