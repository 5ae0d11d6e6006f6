// SPDX-License-Identifier: MIT
/** All runs of a bitmap, set or clear, and the bytes each form holds; an operation is one walk over all of it. */
import type { Case, LeftOut, Size, Subject, Table } from '../../harness/table.ts';
import { naiveRuns } from './naive.ts';
import { meetManyListeners, ONE_CALLBACK, second } from './one-callback.ts';
import { PAGES_1G, PATTERNS, type PatternName } from './patterns.ts';
import { peersOf } from './peers.ts';
import { addRun, tallied } from './tally.ts';
import { baselineOf, C_RANGE, createWorld, inC, NAIVE, OURS, type Scale, scalesOf } from './world.ts';

const ROWS: readonly (readonly [PatternName, boolean])[] = [
  ['ones', true],
  ['zeros', true],
  ['sparse', true],
  ['sparse', false],
  ['swiotlb', true],
  ['swiotlb', false],
  ['virtio-mem 50 %', true],
  ['random mean 16', true],
  ['alternating', true],
];
const PEERS_MOST = 16 * PAGES_1G;
const PEERS = ['fastbitset, forEach', 'typedfastbitset, forEach', 'roaring-wasm, toUint32Array'];
const PEERS_TOO_SLOW = 'lists every set bit: up to seconds a run at 1 TiB, see the rows of 16 GiB';
/** A walk over 134 million runs takes a second in each form and says what 16 GiB of them say. */
const ALTERNATING_MOST = 16 * PAGES_1G;

export const BITMAP_REPLAY: Table = { id: 'bitmap-replay', title: 'Bitmap: walk all runs', cases: casesOf };

function* casesOf(size: Size): Generator<Case> {
  meetManyListeners();
  for (const scale of scalesOf(size)) {
    for (const [pattern, isSet] of ROWS) {
      if (pattern !== 'alternating' || scale.bitCount <= ALTERNATING_MOST) yield createCase(scale, pattern, isSet);
    }
  }
}

function createCase({ name, bitCount }: Scale, pattern: PatternName, isSet: boolean): Case {
  const { bits, words } = createWorld(pattern, bitCount);
  const set = isSet ? 1 : 0;
  const c = inC([C_RANGE], (native) => [
    { name: C_RANGE, run: () => native.replay(words, bitCount, 0, bitCount, set), bytes: () => words.byteLength },
  ]);
  const walk = (): unknown => (isSet ? bits.forEachSetRun(0, bitCount, addRun) : bits.forEachClearRun(0, bitCount, addRun));
  const single = singleOf(pattern, bitCount, isSet);
  const peers = peersAt(pattern, bitCount, isSet);
  const subjects: Subject[] = [
    ...c.subjects,
    { name: OURS, run: () => tallied(walk), bytes: () => bits.byteCount },
    ...single.subjects,
    { name: NAIVE, run: () => tallied(() => naiveRuns(words, 0, bitCount, isSet ? 0 : -1, addRun)), bytes: () => words.byteLength },
    ...peers.subjects,
  ];
  const leftOut = [...c.leftOut, ...single.leftOut, ...peers.leftOut];
  const side = isSet ? '' : ', clear runs';
  return { name: `${pattern}${side}, ${name}`, operations: 1, baseline: baselineOf(c), subjects, leftOut };
}

interface Some {
  readonly subjects: readonly Subject[];
  readonly leftOut: readonly LeftOut[];
}

function singleOf(pattern: PatternName, bitCount: number, isSet: boolean): Some {
  if ('reason' in second) return { subjects: [], leftOut: [second] };
  const bits = new second.Bitmap(bitCount);
  PATTERNS[pattern](bitCount, (firstBit, endBit) => bits.set(firstBit, endBit));
  const walk = (): unknown => (isSet ? bits.forEachSetRun(0, bitCount, addRun) : bits.forEachClearRun(0, bitCount, addRun));
  return { subjects: [{ name: ONE_CALLBACK, run: () => tallied(walk), bytes: () => bits.byteCount }], leftOut: [] };
}

function peersAt(pattern: PatternName, bitCount: number, isSet: boolean): Some {
  if (bitCount > PEERS_MOST) return { subjects: [], leftOut: PEERS.map((name) => ({ name, reason: PEERS_TOO_SLOW })) };
  const peers = peersOf(bitCount, (set) => PATTERNS[pattern](bitCount, set));
  const subjects = peers.map(({ name, forEachRun }): Subject => ({ name, run: () => tallied(() => forEachRun(isSet, addRun)) }));
  return { subjects, leftOut: [] };
}
