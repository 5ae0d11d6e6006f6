// SPDX-License-Identifier: MIT
import type { LiveFrames } from './live-frames.ts';

/**
 * Which recorded page frame number stands for which frame of the model. Numbers themselves cannot be compared; that
 * one frame keeps one number while it lives, and that two live frames never share one, can.
 */
export class FrameNames {
  readonly #frames: LiveFrames;
  readonly #pfnOf = new Map<string, string>();
  readonly #frameOf = new Map<string, { readonly frame: number; readonly generation: number }>();

  constructor(frames: LiveFrames) {
    this.#frames = frames;
  }

  /** Whether this number can be that frame's; remembered when it can. */
  agree(frame: number, pfn: string): boolean {
    const generation = this.#frames.generation(frame);
    const key = `${frame}.${generation}`;
    const known = this.#pfnOf.get(key);
    if (known !== undefined) return known === pfn;
    const before = this.#frameOf.get(pfn);
    if (before !== undefined && this.#isAlive(before.frame, before.generation)) return false;
    this.#pfnOf.set(key, pfn);
    this.#frameOf.set(pfn, { frame, generation });
    return true;
  }

  #isAlive(frame: number, generation: number): boolean {
    return this.#frames.generation(frame) === generation && this.#frames.isAlive(frame);
  }
}
