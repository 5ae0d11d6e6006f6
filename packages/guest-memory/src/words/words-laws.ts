// SPDX-License-Identifier: MIT
/**
 * What words must do, as checks over anything that has them, can be acted on and can be looked at. Each answers the first
 * breach in words, or undefined; tests run them over random operations. States that do not fit (`isWhole` false) are
 * passed over: who has words tests apart that they say so, and when.
 *
 * Not covered: that a look shows everything there is to see. The law is only as good as the look, and the look must not
 * ask the words.
 */
import { assert } from '../assert.ts';
import type { Words } from '../ports/words.ts';

export interface WordsSubject<Operation> {
  readonly words: Words;
  /** Carries an operation out; answers whatever it answers, as text. */
  act(operation: Operation): string;
  /** Everything that can be seen at rest. */
  look(): string;
}

/** Operations before a state is stored, those of the subject it is loaded into, and what both do afterwards. */
export interface Journey<Operation> {
  readonly before: readonly Operation[];
  readonly elsewhere: readonly Operation[];
  readonly after: readonly Operation[];
}

/**
 * A state goes from one subject into another that was somewhere else: it is stored the same, looks the same, and
 * whatever is done next is answered the same and ends the same.
 */
export function firstLoss<Operation>(
  from: WordsSubject<Operation>,
  into: WordsSubject<Operation>,
  { before, elsewhere, after }: Journey<Operation>,
): string | undefined {
  for (const each of before) from.act(each);
  for (const each of elsewhere) into.act(each);
  const words = stored(from);
  if (from.words.isWhole === false) return undefined;
  into.words.load(words, 0);
  const lost = difference(from, into, 'once loaded');
  if (lost !== undefined) return lost;
  for (const [at, each] of after.entries()) {
    const [expected, actual] = [from.act(each), into.act(each)];
    if (actual !== expected) return `step ${at} answers ${actual} instead of ${expected}`;
    const step = difference(from, into, `after step ${at}`);
    if (step !== undefined) return step;
  }
  return undefined;
}

/** Two ways end in equal words exactly when nothing that can be seen differs. */
export function firstConfusion<Operation>(
  one: WordsSubject<Operation>,
  other: WordsSubject<Operation>,
  ways: readonly [readonly Operation[], readonly Operation[]],
): string | undefined {
  for (const each of ways[0]) one.act(each);
  for (const each of ways[1]) other.act(each);
  const [words, others] = [stored(one).join(' '), stored(other).join(' ')];
  if (one.words.isWhole === false || other.words.isWhole === false) return undefined;
  const looksSame = one.look() === other.look();
  if (looksSame === (words === others)) return undefined;
  return looksSame ? `one state, two words: ${words} and ${others}` : `two states, one word: ${one.look()} and ${other.look()}`;
}

function difference<Operation>(from: WordsSubject<Operation>, into: WordsSubject<Operation>, when: string): string | undefined {
  if (into.look() !== from.look()) return `${when}, it looks like ${into.look()} instead of ${from.look()}`;
  const [expected, actual] = [stored(from).join(' '), stored(into).join(' ')];
  const isComparable = from.words.isWhole !== false && into.words.isWhole !== false;
  return isComparable && actual !== expected ? `${when}, it is stored as ${actual} instead of ${expected}` : undefined;
}

const MARK = 0x5a5a_5a5a;

/** The words a subject stores into an array full of something else, which must stay what it is beside them. */
function stored<Operation>({ words }: WordsSubject<Operation>): Int32Array {
  const around = new Int32Array(words.count + 2).fill(MARK);
  words.store(around, 1);
  assert(around[0] === MARK && around[words.count + 1] === MARK, 'words are written in their place only');
  return around.slice(1, words.count + 1);
}
