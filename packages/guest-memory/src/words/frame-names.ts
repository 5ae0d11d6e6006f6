// SPDX-License-Identifier: MIT
/**
 * Names of frames while the parts of one world are stored or loaded, one after the other in a fixed order: the frame
 * that is reached first is 1, the next new one 2, and so on, whatever identities the frame table gave them.
 *
 * Lifecycle: `beginStore` -> `refOf` by each part; or `beginLoad`, which empties the frame table -> `frameOf` by each
 * part, in the same order. The memory comes first and reaches every backed frame, so a frame that a mapping reaches
 * first is an orphan. A mapping that is loaded takes its pins itself, so the counts come out by themselves.
 *
 * A reference is name * 2, plus 1 when private use owns the frame, or 0 for no frame. It fits 16 bits.
 */
import { assert } from '../assert.ts';
import type { FrameTable } from '../frame-table.ts';

/** Bits of a reference, for parts that put other things beside it in a word. */
export const FRAME_REF_BITS = 16;

const UNNAMED = -1;
const LAST_NAME = 2 ** (FRAME_REF_BITS - 1) - 1;

export class FrameNames {
  readonly frames: FrameTable;
  /** By identity: its reference in the present store, UNNAMED while it has none. No frame is 0 in both. */
  #refs = new Int32Array(64);
  #count = 0;
  #isWhole = true;

  constructor(frames: FrameTable) {
    this.frames = frames;
  }

  /** Whether everything stored since `beginStore` fits, the names among it. */
  get isWhole(): boolean {
    return this.#isWhole && this.#count <= LAST_NAME;
  }

  /** A part could not put all of its state into its words. */
  lose(): void {
    this.#isWhole = false;
  }

  beginStore(): void {
    const { endIdentity } = this.frames;
    if (this.#refs.length < endIdentity) this.#refs = new Int32Array(endIdentity * 2);
    // For so few frames a loop is faster than the call of fill().
    for (let frame = 1; frame < endIdentity; frame += 1) this.#refs[frame] = UNNAMED;
    this.#count = 0;
    this.#isWhole = true;
  }

  /** Reference of a frame, or of none (0). */
  refOf(frame: number): number {
    const ref = this.#refs[frame]!;
    return ref === UNNAMED ? this.#name(frame) : ref;
  }

  /** Every frame and every pin goes. */
  beginLoad(): void {
    this.frames.clear();
    this.#count = 0;
  }

  /** The frame of a reference (or none), made when it is reached first: backed, or an orphan that the caller pins at once. */
  frameOf(ref: number, isBacked: boolean): number {
    const name = ref >>> 1;
    if (name > this.#count) {
      // A cleared frame table hands out identities from 1 on, as names are.
      this.#count = this.frames.recreate((ref & 1) === 1, isBacked);
      assert(name === this.#count, 'names are loaded in the order they were given');
    }
    return name;
  }

  /** The same for a mapping, which pins the frame: an orphan when no page has reached it before. */
  pinned(ref: number): number {
    if (ref === 0) return 0;
    const frame = this.frameOf(ref, false);
    this.frames.pin(frame);
    return frame;
  }

  #name(frame: number): number {
    this.#count += 1;
    const ref = this.#count * 2 + (this.frames.isPrivate(frame) ? 1 : 0);
    this.#refs[frame] = ref;
    return ref;
  }
}
