// SPDX-License-Identifier: MIT
/**
 * Requests in bytes around the borders of a world's sections, right and wrong: over an end, from a hole, over several
 * sections, over the ROM; now and then unaligned, empty, or past 2^64.
 */
import { PAGE_BYTES } from '@sda-lab/guest-memory';
import type { Operation } from '../history/operation.ts';
import { placeSections } from '../world/place-sections.ts';
import type { WorldSpec } from '../world/world-spec.ts';

/** Pages of the longest drawn request; a few worlds have sections that adjoin. */
const MAX_PAGES = 6;

/** `a`, `b` and `c` are numbers from 0 to 63. */
export function resolveRequest(a: number, b: number, c: number, world: WorldSpec): Operation {
  const borders = placeSections(world).flatMap(({ firstGfn, pageCount }) => [firstGfn, firstGfn + pageCount]);
  const border = borders[a % borders.length]!;
  const firstGfn = Math.max(0, border + (b % 8) - 4);
  const to = b < 32 ? 'shared' : 'private';
  const { startBytes, sizeBytes } = bend(BigInt(firstGfn * PAGE_BYTES), BigInt((1 + (c % MAX_PAGES)) * PAGE_BYTES), c);
  return { op: 'request', address: `0x${startBytes.toString(16)}`, size: `0x${sizeBytes.toString(16)}`, to };
}

/** One in eight is malformed. */
function bend(startBytes: bigint, sizeBytes: bigint, c: number): { startBytes: bigint; sizeBytes: bigint } {
  switch (c) {
    case 56:
    case 57:
      return { startBytes, sizeBytes: 0n };
    case 58:
      return { startBytes: startBytes + 0x800n, sizeBytes };
    case 59:
      return { startBytes, sizeBytes: sizeBytes + 0x10n };
    case 60:
      return { startBytes: (1n << 64n) - 0x1000n, sizeBytes };
    case 61:
      return { startBytes, sizeBytes: (1n << 64n) - 0x1000n };
    case 62:
      return { startBytes, sizeBytes: 1n << 40n };
    default:
      return { startBytes, sizeBytes };
  }
}
