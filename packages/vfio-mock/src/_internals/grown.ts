// SPDX-License-Identifier: MIT
/** Longer copies of typed arrays: doubled while small, then by a quarter, so that little is held for nothing. */

/** Entries a pool of `held` entries grows to. */
export function grownCount(held: number, doubledBelow: number): number {
  return held < doubledBelow ? Math.max(8, held * 2) : Math.ceil(held * 1.25);
}

export function grownInt32(array: Int32Array, length: number): Int32Array {
  const grown = new Int32Array(length);
  grown.set(array);
  return grown;
}

export function grownUint16(array: Uint16Array, length: number): Uint16Array {
  const grown = new Uint16Array(length);
  grown.set(array);
  return grown;
}

export function grownFloat64(array: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length);
  grown.set(array);
  return grown;
}
