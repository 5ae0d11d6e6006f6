// SPDX-License-Identifier: MIT
/**
 * The history under way, in memory that both threads see: a Worker in an endless loop cannot tell what it was doing,
 * but what it noted before can still be read. Longer lines are cut.
 */

const MAX_BYTES = 16_384;
const HEADER_BYTES = 4;

export interface UnderWay {
  /** To be handed to the other thread. */
  readonly buffer: SharedArrayBuffer;
  /** By the thread that runs the design, before each history; an empty text: none. */
  note(line: string): void;
  /** By the thread that waits. */
  read(): string;
}

export function createUnderWay(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + MAX_BYTES)): UnderWay {
  const length = new Int32Array(buffer, 0, 1);
  const bytes = new Uint8Array(buffer, HEADER_BYTES);
  const encoder = new TextEncoder();
  return {
    buffer,
    note: (line) => {
      // Node encodes only into memory that no other thread sees.
      const encoded = encoder.encode(line).subarray(0, MAX_BYTES);
      bytes.set(encoded);
      Atomics.store(length, 0, encoded.length);
    },
    read: () => new TextDecoder().decode(bytes.slice(0, Atomics.load(length, 0))),
  };
}
