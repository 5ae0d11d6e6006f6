// SPDX-License-Identifier: MIT
import type { ShardPart } from '@sda-lab/conformance';
import type { ShardPartDocument } from './search-document.ts';
import { readShard, shardText } from './shard-text.ts';

const WORD_BYTES = 4;

/** A part as it goes into a document. */
export function describePart({ strays, ...part }: ShardPart): ShardPartDocument {
  const bytes = Buffer.alloc(strays.words.length * WORD_BYTES);
  for (const [at, word] of strays.words.entries()) bytes.writeInt32LE(word, at * WORD_BYTES);
  return {
    ...part,
    shard: shardText(part.shard),
    ownCoverage: { ...part.ownCoverage },
    strays: {
      words: bytes.toString('base64'),
      enabled: [...strays.enabled],
      depths: [...strays.depths],
      orbitSizes: [...strays.orbitSizes],
    },
  };
}

/** And back; undefined when the lists do not fit each other. */
export function readPart({ strays, ...part }: ShardPartDocument): ShardPart | undefined {
  const bytes = Buffer.from(strays.words, 'base64');
  const { enabled, depths, orbitSizes } = strays;
  const fits = bytes.length === enabled.length * part.wordCount * WORD_BYTES;
  if (!fits || depths.length !== enabled.length || orbitSizes.length !== enabled.length) return undefined;
  const words = new Int32Array(bytes.length / WORD_BYTES);
  for (const at of words.keys()) words[at] = bytes.readInt32LE(at * WORD_BYTES);
  return { ...part, shard: readShard(part.shard)!, strays: { words, enabled, depths, orbitSizes } };
}
