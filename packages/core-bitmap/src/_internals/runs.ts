// SPDX-License-Identifier: MIT
/*
 * Walking the maximal runs of a window: walkRuns(tree, first, last, flip, emit); flip 0 walks set runs, flip -1
 * clear ones. A run is found from the root; when it starts in a mixed leaf, the runs that end inside that leaf are
 * peeled off word by word. A callback may change what lies below the end of its run: when it wrote to this
 * tree, the walk goes back to the root and starts at that end. Does not check the window.
 */
import type { EmitBits } from '../emit-bits.ts';
import { find } from './find.ts';
import type { Radix } from './radix.ts';

export function walkRuns(tree: Radix, first: number, last: number, flip: number, emit: EmitBits): number {
  let from = first;
  while (from <= last) {
    const start = find(tree, from, last, flip);
    if (start < 0) return 0;
    if (tree.leafFound > 0) {
      from = walkLeaf(tree, tree.leafFound, start, last, flip, emit);
      if (from < 0) return tree.stop;
      if (from !== start) continue;
    }
    const next = find(tree, start, last, ~flip);
    const end = next < 0 ? last + 1 : next;
    const stop = emit(start, end);
    if (stop !== 0) return stop;
    from = end;
  }
  return 0;
}

/**
 * Emits the runs from `first` on that end inside the leaf and the window. Returns where to go on: the start of a run
 * that reaches the end of the leaf or of the window, the end of the leaf, the end of the run whose callback wrote
 * to the tree; or -1 when a callback asked to stop, with its answer in `tree.stop`.
 */
function walkLeaf(tree: Radix, ref: number, first: number, last: number, flip: number, emit: EmitBits): number {
  const words = tree.leaves.words;
  const edition = tree.edition;
  const origin = first & ~511;
  // Word offset + shift = word of the pool: positions stay those of the bitmap.
  const shift = ref - 1 - (origin >>> 5);
  const end = Math.min(last, origin | 511) >>> 5;
  let at = first >>> 5;
  let word = (words[shift + at]! ^ flip) & (-1 << (first & 31));
  for (;;) {
    while (word === 0) {
      // Not shifted: the end of the largest bitmap is 2^31, which a shift would make negative.
      if (at === end) return (end + 1) * 32;
      at += 1;
      word = words[shift + at]! ^ flip;
    }
    const start = (at << 5) + 31 - Math.clz32(word & -word);
    // The bits above the run, now that it is filled up from below; none when it goes on in the next word.
    let above = ~(word | (word - 1));
    while (above === 0 && at < end) {
      at += 1;
      word = words[shift + at]! ^ flip;
      above = ~word;
    }
    const top = above & -above;
    const next = (at << 5) + 31 - Math.clz32(top);
    if (above === 0 || next > last) return start;
    tree.stop = emit(start, next);
    if (tree.stop !== 0) return -1;
    if (tree.edition !== edition) return next;
    word &= -top;
  }
}
