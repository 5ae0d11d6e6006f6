// SPDX-License-Identifier: MIT
/**
 * The operations whose cost is followed from 16 GiB to 1 TiB, the same ones at every size: conversions at places inside the
 * smallest guest, each shared and then taken back, and an attach that finds the same pages shared. A round ends where it
 * began.
 */
import type { BenchGrowth } from '@sda-lab/lab';
import { generator, shuffle } from '../harness/statistics.ts';
import type { Size } from '../harness/table.ts';
import type { Guest } from '../workloads/guest.ts';
import { scatteredPages } from '../workloads/scatter.ts';
import { bounceBuffer, swiotlbRuns } from '../workloads/shapes.ts';

export interface Pattern {
  readonly name: string;
  readonly operation: BenchGrowth['operation'];
  /** What it is like before, seen from the smallest guest. */
  readonly prepare: (guest: Guest, reachPages: number, size: Size, seed: number) => void;
  /** Ends as it begins; answers how many operations it was. */
  readonly round: (guest: Guest, places: readonly number[]) => number;
  /** Pages of one conversion. */
  readonly pageCount: number;
}

const PLACES: Readonly<Record<Size, number>> = { full: 256, small: 8 };

const attached: Pattern['prepare'] = (guest) => guest.attach();

const withSwiotlb: Pattern['prepare'] = (guest, reachPages, size, seed) => {
  for (const { firstPage, pageCount } of swiotlbRuns(reachPages, size, seed)) guest.convertAll(firstPage, firstPage + pageCount, 'shared');
};

function thereAndBack(pageCount: number): Pattern['round'] {
  return (guest, places) => {
    for (const page of places) guest.convert(page, pageCount, 'shared');
    for (const page of places) guest.convert(page, pageCount, 'private');
    return 2 * places.length;
  };
}

function convertIn(name: string, pageCount: number, prepare: Pattern['prepare']): Pattern {
  return { name, operation: 'convert', pageCount, prepare, round: thereAndBack(pageCount) };
}

/** A device that comes walks all of the guest, whatever is shared. */
const attachToSwiotlb: Pattern = {
  name: 'attach and detach, after a swiotlb boot',
  operation: 'attach and detach',
  pageCount: 1,
  prepare: withSwiotlb,
  round: (guest) => {
    guest.attach();
    guest.detach();
    return 1;
  },
};

export const PATTERNS: readonly Pattern[] = [
  convertIn('all private, 4 KiB', 1, attached),
  convertIn('all private, 2 MiB', 512, attached),
  convertIn('after a swiotlb boot, 4 KiB', 1, (guest, ...more) => {
    attached(guest, ...more);
    withSwiotlb(guest, ...more);
  }),
  attachToSwiotlb,
];

/** First pages, in the order in which they are converted; below what a swiotlb boot shares in one piece. */
export function placesOf({ pageCount }: Pattern, reachPages: number, size: Size, seed: number): number[] {
  const room = Math.floor(bounceBuffer(reachPages).firstPage / pageCount);
  const places = scatteredPages(Math.min(PLACES[size], room), 0, room, seed + pageCount).map(({ firstPage }) => firstPage * pageCount);
  shuffle(places, generator(seed));
  return places;
}
