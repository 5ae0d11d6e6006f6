// SPDX-License-Identifier: MIT
// What one step of a search pays beside the strategy: a state of a small world loaded, another one stored.
//
// States of a walk of small changes are loaded and stored in three orders: each many times in a row, each in turn with
// those that follow it in the walk (as a search comes back to a state after each of its operations), and one after the
// other. The unit is copying the same words from array to array, which is what it would cost if a world were its words.
import { compare } from './compare.ts';
import { generator } from './harness/statistics.ts';
import { changeSmallWorld, createSmallWorld } from './small-world.ts';

const options = { rounds: 101, seed: 1 };
const STATES = 64;
const CHANGES_PER_STATE = 2;
/** States that follow a state in the walk and take turns with it. */
const NEIGHBOURS = 6;

const world = createSmallWorld();
const { words } = world;
const { count } = words;

function walk(): Int32Array {
  const random = generator(options.seed);
  const states = new Int32Array(STATES * count);
  for (let at = 0; at < STATES; at += 1) {
    for (let step = 0; step < CHANGES_PER_STATE; step += 1) changeSmallWorld(world, random);
    words.store(states, at * count);
    if (!words.isWhole) throw new Error('a state of the walk does not fit its words');
  }
  return states;
}

const states = walk();
const out = new Int32Array(count);

for (let at = 0; at < STATES; at += 1) {
  words.load(states, at * count);
  words.store(out, 0);
  const isOther = out.some((word, index) => word !== states[at * count + index]);
  if (isOther) throw new Error(`state ${at} is stored otherwise than it was loaded`);
}

const each = Array.from({ length: STATES }, (_, at) => at);
const orders: Readonly<Record<string, readonly number[]>> = {
  'the same state again': each.flatMap((at) => Array.from({ length: 2 * NEIGHBOURS }, () => at)),
  'a state and its neighbours in turn': each.flatMap((at) =>
    Array.from({ length: NEIGHBOURS }, (_, step) => [at, (at + step + 1) % STATES]).flat(),
  ),
  'one state after the other': each,
};

function loadAndStore(order: readonly number[]): number {
  for (const at of order) {
    words.load(states, at * count);
    words.store(out, 0);
  }
  return out[1]!;
}

function copy(order: readonly number[]): number {
  for (const at of order) {
    const first = at * count;
    for (let index = 0; index < count; index += 1) out[index] = states[first + index]!;
  }
  return out[1]!;
}

const distinct = new Set(each.map((at) => states.subarray(at * count, (at + 1) * count).join())).size;
const round = (value: number): string => value.toPrecision(3);
const settings = `Node ${process.versions.node}, ${options.rounds} rounds, seed ${options.seed}`;
console.log(`words, ${settings}: ${count} words, ${distinct} states`);
for (const [name, order] of Object.entries(orders)) {
  const whole = (): number => loadAndStore(order);
  const result = compare(whole, () => copy(order), options);
  const noise = compare(whole, whole, options);
  const times = `${round(result.aNanoseconds / order.length)} ns against ${round(result.bNanoseconds / order.length)} ns`;
  const ratio = `load and store take ${round(result.median)} (${round(result.from)} to ${round(result.to)}) of copying`;
  console.log(`${name}: ${ratio}; ${times} per state; same against same ${round(noise.median)}`);
}
