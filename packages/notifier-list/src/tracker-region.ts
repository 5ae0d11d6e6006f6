// SPDX-License-Identifier: MIT
import type { Bitmap } from '@sda-lab/core-bitmap';
import { type Cast, type Consumer, type OrderedList, PlaceWords, type RamBlock, type Section, type Words } from '@sda-lab/guest-memory';

/** Who is told of a region's pages: one section of one consumer. */
export interface Handler {
  readonly consumer: Consumer;
  readonly section: Section;
}

/** What the tracker keeps of one block. Which of two regions' handlers came first never shows. */
export interface Region {
  readonly block: RamBlock;
  /** 1 = shared, to be mapped by every handler. */
  readonly shared: Bitmap;
  /** In the order of registration; replaced as a whole. */
  handlers: readonly Handler[];
}

/** Which handlers are registered, and in which order; the bitmap has words of its own. */
export function handlerWords(region: Region, { consumers, sections }: Cast): Words {
  const own = sections.filter(({ block }) => block === region.block);
  const list: OrderedList<Handler> = {
    read: () => region.handlers,
    write: (handlers) => void (region.handlers = handlers),
    isSame: (one, other) => one.consumer === other.consumer && one.section === other.section,
  };
  return new PlaceWords(list, consumers.flatMap((consumer) => own.map((section) => ({ consumer, section }))));
}
