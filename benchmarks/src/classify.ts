// SPDX-License-Identifier: MIT
// Is the radix bitmap worth its code? Classifies windows of a 16 GiB guest with it and with a flat array.
import { Bitmap } from '@sda-lab/core-bitmap';
import { compare, generator } from './compare.ts';
import { FlatBits } from './flat-bits.ts';

const PAGES_PER_GIB = 2 ** 18;
const PAGES = 16 * PAGES_PER_GIB;
const WINDOWS = 64;
const options = { rounds: 101, seed: 1 };

type Range = readonly [firstBit: number, endBit: number];

/** 256 MiB in one piece, as the swiotlb buffer of a confidential guest, and 1000 single pages. */
function boot(): Range[] {
  const random = generator(options.seed);
  const singles = Array.from({ length: 1000 }, () => Math.floor(random() * PAGES));
  return [[PAGES_PER_GIB, PAGES_PER_GIB + 65_536], ...singles.map((page): Range => [page, page + 1])];
}

const patterns: Readonly<Record<string, Range[]>> = { 'all private': [], 'after boot': boot() };
const sizes: Readonly<Record<string, number>> = { '4 KiB': 1, '2 MiB': 512, '1 GiB': PAGES_PER_GIB };

function windows(size: number): Range[] {
  const random = generator(options.seed + size);
  return Array.from({ length: WINDOWS }, () => {
    const first = Math.floor((random() * PAGES) / size) * size;
    return [first, first + size];
  });
}

const code = { clear: 0, set: 1, mixed: 2 } as const;
const round = (value: number): string => (value < 1000 ? value.toPrecision(3) : value.toFixed(0));

console.log(`classify, 16 GiB guest, Node ${process.versions.node}, ${options.rounds} rounds, seed ${options.seed}`);
for (const [pattern, ranges] of Object.entries(patterns)) {
  const radix = new Bitmap(PAGES);
  const flat = new FlatBits(PAGES);
  for (const [first, end] of ranges) {
    radix.set(first, end);
    flat.set(first, end);
  }
  for (const [name, size] of Object.entries(sizes)) {
    const list = windows(size);
    for (const [first, end] of list) {
      if (radix.classify(first, end) !== flat.classify(first, end)) throw new Error(`the two sides differ on [${first}, ${end})`);
    }
    const viaRadix = (): number => list.reduce((sum, [first, end]) => sum + code[radix.classify(first, end)], 0);
    const viaFlat = (): number => list.reduce((sum, [first, end]) => sum + code[flat.classify(first, end)], 0);
    const result = compare(viaRadix, viaFlat, options);
    const noise = compare(viaRadix, viaRadix, options);
    const times = `${round(result.aNanoseconds / WINDOWS)} ns against ${round(result.bNanoseconds / WINDOWS)} ns`;
    const ratio = `radix takes ${round(result.median)} (${round(result.from)} to ${round(result.to)}) of the flat time`;
    console.log(`${pattern}, windows of ${name}: ${ratio}; ${times} per window; same against same ${round(noise.median)}`);
  }
}
