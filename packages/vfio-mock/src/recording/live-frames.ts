// SPDX-License-Identifier: MIT
import { FrameTable, type Side } from '@sda-lab/guest-memory';

/** A frame table that also tells whether a frame is alive: backed, or kept by a pin. */
export class LiveFrames extends FrameTable {
  readonly #backed = new Set<number>();

  override allocate(owner: Side): number {
    const frame = super.allocate(owner);
    this.#backed.add(frame);
    return frame;
  }

  override unback(frame: number): void {
    super.unback(frame);
    this.#backed.delete(frame);
  }

  isAlive(frame: number): boolean {
    return this.#backed.has(frame) || this.isOrphan(frame);
  }
}
