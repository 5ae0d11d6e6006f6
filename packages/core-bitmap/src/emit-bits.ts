// SPDX-License-Identifier: MIT

/**
 * Receives one run of a walk: `firstBit` included, `endBit` excluded, never empty.
 *
 * Fires once per maximal run of the window, in ascending order, while the walk is under way.
 * It returns 0 to go on; any other number stops the walk, and the walk returns that number.
 * It may change bits below `endBit`, also of the bitmap being walked: the walk goes on at `endBit` and
 * reads the bitmap afresh there. What it changes at or above `endBit` may or may not be seen.
 * @public
 */
export type EmitBits = (firstBit: number, endBit: number) => number;
