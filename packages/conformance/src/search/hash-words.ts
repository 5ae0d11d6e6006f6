// SPDX-License-Identifier: MIT
/**
 * Where a packed state goes: into which slot of a table, and to which shard. Both are functions of its words alone, so
 * every process places a state alike. Equal hashes mean nothing; states are compared word by word.
 */

const MULTIPLIER = 0x9e3779b1;
/** Another one, so that the states of one shard spread over all slots of its table. */
const SHARD_MULTIPLIER = 0x85ebca6b;

/** 32 bits, of which the low ones are as good as the high ones. */
export function hashWords(words: Int32Array, at: number, wordCount: number): number {
  let hash = wordCount;
  for (let word = at; word < at + wordCount; word += 1) {
    hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ words[word]!, MULTIPLIER);
  }
  // A product carries upwards only; the high bits come down here.
  hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER);
  return hash ^ (hash >>> 16);
}

/** Which of `shardCount` shards owns the state. */
export function shardOf(words: Int32Array, at: number, wordCount: number, shardCount: number): number {
  const mixed = Math.imul(hashWords(words, at, wordCount), SHARD_MULTIPLIER);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % shardCount;
}
