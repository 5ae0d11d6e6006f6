// SPDX-License-Identifier: MIT
import type { Bitmap } from '@sda-lab/core-bitmap';
import type { Side } from './page.ts';
import type { RamBlock } from './ram-block.ts';
import type { PageNumbers } from './storage/page-numbers.ts';

/** What backs one block, kept by the guest memory it belongs to. */
export interface BlockState {
  readonly block: RamBlock;
  /** Frame per page; undefined until the first one. In place: `shared` holds the guest_memfd's frames. */
  shared: PageNumbers | undefined;
  private: PageNumbers | undefined;
  /** Identity that is the home of page 0's frame on each side (`FrameTable.addHomes`). */
  readonly homes: Readonly<Record<Side, number>>;
  /** In place only: 1 = private. */
  readonly privatePages: Bitmap;
}
