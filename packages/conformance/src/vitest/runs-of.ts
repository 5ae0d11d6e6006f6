// SPDX-License-Identifier: MIT
import type { RamBlock, View } from '@sda-lab/guest-memory';
import type { World } from '../world/world.ts';

/** What a view shows of a block: `2-5 shared`. */
export function runsOf(world: World, block: RamBlock, view: View, first = 0, end = block.pageCount): string[] {
  const runs: string[] = [];
  world.instance.runs(block, view, first, end, (from, to, side) => {
    runs.push(`${from}-${to} ${side}`);
    return 0;
  });
  return runs;
}
