// SPDX-License-Identifier: MIT
import type { Bitmap } from '@sda-lab/core-bitmap';
import type { RamBlock } from './ram-block.ts';

/** What backs one block, kept by the guest memory it belongs to. */
export interface BlockState {
  readonly block: RamBlock;
  /** Frame per page; undefined until the first one. In place: `shared` holds the guest_memfd's frames. */
  shared: Int32Array | undefined;
  private: Int32Array | undefined;
  /** In place only: 1 = private. */
  readonly privatePages: Bitmap;
}
