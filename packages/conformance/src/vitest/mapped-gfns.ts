// SPDX-License-Identifier: MIT
import { ROM_FIRST_GFN } from '../world/place-sections.ts';
import type { World } from '../world/world.ts';

/** Guest pages a container has mapped, the ROM's left out. */
export function mappedGfns({ containers }: World, at = 0): number[] {
  const gfns: number[] = [];
  containers[at]!.kernel.forEachMapping((firstGfn, pageCount) => {
    for (let gfn = firstGfn; gfn < firstGfn + pageCount; gfn += 1) if (gfn !== ROM_FIRST_GFN) gfns.push(gfn);
  });
  return gfns;
}
