// SPDX-License-Identifier: MIT
import type { PageStorage } from '@sda-lab/guest-memory';
import { MAX_RUN_LENGTH_PAGES, MAX_WORLD_PAGES, positionCount, type WorldSpec } from './world-spec.ts';

/** A guest larger than its storage carries. */
export class WorldSizeError extends RangeError {
  override readonly name = 'WorldSizeError';
}

/** Throws where a world's pages, those of its devices included, are more than the storage is for. */
export function checkSize(spec: WorldSpec, storage: PageStorage): void {
  const pages = positionCount(spec);
  if (storage === 'exact' && pages > MAX_WORLD_PAGES) {
    throw new WorldSizeError(`World: ${pages} pages; exact storage carries ${MAX_WORLD_PAGES}. Ask for storage 'run-length'`);
  }
  if (pages > MAX_RUN_LENGTH_PAGES) {
    throw new WorldSizeError(`World: ${pages} pages; run-length storage carries ${MAX_RUN_LENGTH_PAGES}. Take a smaller guest`);
  }
}
