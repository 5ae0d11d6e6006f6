// SPDX-License-Identifier: MIT
import type { SearchProgress } from '@sda-lab/conformance';
import { grouped } from './search-blocks.ts';
import type { SearchJob } from './search-request.ts';
import { shardText } from './shard-text.ts';

/** One line: what was met, how fast, and how long the states met so far will take; more may come. */
export function progressText({ strategyId, shard, number, jobCount }: SearchJob, progress: SearchProgress, seconds: number): string {
  const { states, expanded, transitions, depth } = progress;
  const of = jobCount === 1 ? '' : `${number} of ${jobCount}, `;
  const name = of + (shard === null ? strategyId : `${strategyId}, shard ${shardText(shard)}`);
  const rate = seconds === 0 ? 0 : transitions / seconds / 1e6;
  const left = expanded === 0 ? '' : `; at least ${Math.ceil(((states - expanded) * seconds) / expanded)} s left`;
  return `${name}: ${grouped(states)} states met, ${grouped(expanded)} explored, depth ${depth}, ${rate.toFixed(2)} M transitions/s${left}`;
}
