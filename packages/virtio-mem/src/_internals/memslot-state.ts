// SPDX-License-Identifier: MIT
import { Bitmap } from '@sda-lab/core-bitmap';
import type { MemslotHost, MemslotOptions } from '../memslots.ts';

/** A device whose memslots come and go. One without has a single section that whoever builds the world adds. */
export interface Memslots {
  readonly host: MemslotHost;
  readonly blocksPerMemslot: number;
  /** One bit per memslot, 1 = active. A memslot is inactive exactly when nothing is plugged in it, between requests. */
  readonly active: Bitmap;
}

export function createMemslots(options: MemslotOptions, blockCount: number): Memslots {
  const { host, blocksPerMemslot } = options;
  return { host, blocksPerMemslot, active: new Bitmap(Math.ceil(blockCount / blocksPerMemslot)) };
}
