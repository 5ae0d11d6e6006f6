// SPDX-License-Identifier: MIT
import { type FrameTable, PAGE_BYTES } from '@sda-lab/guest-memory';

/** Bytes of frames that were written, byte by byte: recordings hold 64-bit words at any offset. */
export class FrameBytes {
  readonly #frames: FrameTable;
  readonly #bytes = new Map<number, { readonly generation: number; readonly bytes: Uint8Array }>();

  constructor(frames: FrameTable) {
    this.#frames = frames;
  }

  read(frame: number, offset: number): number {
    return this.#of(frame)?.[offset] ?? 0;
  }

  write(frame: number, offset: number, byte: number): void {
    let bytes = this.#of(frame);
    if (bytes === undefined) {
      bytes = new Uint8Array(PAGE_BYTES);
      this.#bytes.set(frame, { generation: this.#frames.generation(frame), bytes });
    }
    bytes[offset] = byte;
  }

  copy(from: number, to: number): void {
    const bytes = this.#of(from);
    if (bytes === undefined) return;
    this.#bytes.set(to, { generation: this.#frames.generation(to), bytes: bytes.slice() });
  }

  /** [first, end) becomes zero in place. */
  zero(frame: number, first: number, end: number): void {
    this.#of(frame)?.fill(0, first, end);
  }

  /** The bytes of this life of the frame, if any was written. */
  #of(frame: number): Uint8Array | undefined {
    const found = this.#bytes.get(frame);
    return found !== undefined && found.generation === this.#frames.generation(frame)
      ? found.bytes
      : undefined;
  }
}
