// SPDX-License-Identifier: MIT
import { PAGE } from '../geometry.ts';
import type { ProcessMemory } from './process-memory.ts';

/** Words of recordings: 64 bits, little-endian, at any byte address. */
export const WORD_BYTES = 8;

/** The CPU reads a word; undefined where there is no memory. */
export function readWord(memory: ProcessMemory, address: bigint): bigint | undefined {
  let value = 0n;
  for (let at = 0; at < WORD_BYTES; at += 1) {
    const byte = address + BigInt(at);
    const frame = memory.faultForRead(Number(byte / PAGE));
    if (frame < 0) return undefined;
    value |= BigInt(memory.bytes.read(frame, Number(byte % PAGE))) << BigInt(8 * at);
  }
  return value;
}

/** The CPU writes a word; false where there is no memory. */
export function writeWord(memory: ProcessMemory, address: bigint, value: bigint): boolean {
  for (let at = 0; at < WORD_BYTES; at += 1) {
    const byte = address + BigInt(at);
    const frame = memory.faultForWrite(Number(byte / PAGE));
    if (frame < 0) return false;
    memory.bytes.write(frame, Number(byte % PAGE), Number((value >> BigInt(8 * at)) & 0xffn));
  }
  return true;
}
