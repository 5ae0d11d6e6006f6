// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { mutate, type Plant } from '../../src/index.ts';
import { reference } from './reference.ts';

/** The reference with one thing wrong. What a plant does not name stays right. */
export function planted(id: string, plant: () => Plant, declared: Partial<Strategy> = {}): Strategy {
  return mutate({ ...reference, id, ...declared }, plant);
}
