// SPDX-License-Identifier: MIT
/**
 * Bit sets from npm. None of them can tell the next clear bit or walk runs, so each lists its set bits in the fastest way it has
 * and the runs are put together from neighbours; clear runs are the gaps.
 */
import { createRequire } from 'node:module';
import type { EmitBits } from '@sda-lab/core-bitmap';
import { type RoaringBitmap32 as Roaring, RoaringBitmap32, roaringLibraryInitialize } from 'roaring-wasm';
import { TypedFastBitSet } from 'typedfastbitset';
import type { SetRun } from './patterns.ts';

/** What fastbitset, which has no types, is asked for. */
interface FastBitSet {
  resize(bitCount: number): void;
  add(bit: number): void;
  forEach(each: (bit: number) => void): void;
}

const FastBits = createRequire(import.meta.url)('fastbitset') as new () => FastBitSet;
await roaringLibraryInitialize();

export interface Peer {
  readonly name: string;
  readonly forEachRun: (isSet: boolean, emit: EmitBits) => void;
}

type Fill = (set: SetRun) => void;
type EachBit = (each: (bit: number) => void) => void;

export function peersOf(bitCount: number, fill: Fill): readonly Peer[] {
  return [fastBitSet(bitCount, fill), typedFastBitSet(bitCount, fill), roaring(bitCount, fill)];
}

function fastBitSet(bitCount: number, fill: Fill): Peer {
  const bits = new FastBits();
  bits.resize(bitCount - 1);
  fill((firstBit, endBit) => {
    for (let bit = firstBit; bit < endBit; bit += 1) bits.add(bit);
  });
  return peer('fastbitset, forEach', bitCount, (each) => bits.forEach(each));
}

function typedFastBitSet(bitCount: number, fill: Fill): Peer {
  const bits = new TypedFastBitSet();
  fill((firstBit, endBit) => bits.addRange(firstBit, endBit));
  return peer('typedfastbitset, forEach', bitCount, (each) => bits.forEach(each));
}

function roaring(bitCount: number, fill: Fill): Peer {
  const bits: Roaring = new RoaringBitmap32();
  fill((firstBit, endBit) => bits.addRange(firstBit, endBit));
  bits.runOptimize();
  return peer('roaring-wasm, toUint32Array', bitCount, (each) => {
    const all = bits.toUint32Array();
    for (let at = 0; at < all.length; at += 1) each(all[at]!);
  });
}

function peer(name: string, bitCount: number, eachBit: EachBit): Peer {
  return { name, forEachRun: (isSet, emit) => (isSet ? setRuns(eachBit, emit) : clearRuns(eachBit, bitCount, emit)) };
}

function setRuns(eachBit: EachBit, emit: EmitBits): void {
  let start = -1;
  let end = -1;
  eachBit((bit) => {
    if (bit !== end) {
      if (start >= 0) emit(start, end);
      start = bit;
    }
    end = bit + 1;
  });
  if (start >= 0) emit(start, end);
}

function clearRuns(eachBit: EachBit, bitCount: number, emit: EmitBits): void {
  let end = 0;
  eachBit((bit) => {
    if (bit !== end) emit(end, bit);
    end = bit + 1;
  });
  if (end < bitCount) emit(end, bitCount);
}
