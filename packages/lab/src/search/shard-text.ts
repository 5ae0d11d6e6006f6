// SPDX-License-Identifier: MIT
import type { Shard } from '@sda-lab/conformance';

/** As test runners name shards: the first of four is 1/4. */
export function shardText({ index, of }: Shard): string {
  return `${index + 1}/${of}`;
}

/** More would not help: each walks the spine. */
const MOST_SHARDS = 1024;

/** And back; undefined of anything else. */
export function readShard(text: string): Shard | undefined {
  const [, number, of] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (number === undefined || of === undefined || number < 1 || number > of || of > MOST_SHARDS) return undefined;
  return { index: number - 1, of };
}
