// SPDX-License-Identifier: MIT
/** What was promised of single operations: each the worst of the rows it speaks of. */
import type { BenchDocument, BenchRow } from './bench-document.ts';
import { factor, nanosecondsText } from './figures.ts';
import type { Target } from './targets.ts';

const OURS = 'core-bitmap';
const OUR_MAP = 'vfio-mock PageRecords';
const WHOLE = "against QEMU's bound";
/** Peers from the registry, in the table of walks. */
const PEERS = ['fastbitset', 'typedfastbitset', 'roaring-wasm'];

/** Rows of one subject whose case is named so. */
function rowsOf({ rows }: BenchDocument, table: string, subject: string, cases: RegExp): BenchRow[] {
  return rows.filter((row) => row.table === table && row.subject === subject && cases.test(row.case));
}

type Pick = (row: BenchRow) => number;

function most(table: string, subject: string, cases: RegExp, pick: Pick): Target['measure'] {
  return (document) => extreme(rowsOf(document, table, subject, cases).map(pick), Math.max);
}

/** Times as fast as the baseline, at the least. */
function leastFaster(table: string, subject: string, cases: RegExp): Target['measure'] {
  return (document) => extreme(rowsOf(document, table, subject, cases).map(({ ratio }) => 1 / ratio), Math.min);
}

function extreme(values: readonly number[], of: (...values: readonly number[]) => number): number | undefined {
  return values.length === 0 ? undefined : of(...values);
}

const ratioOf: Pick = ({ ratio }) => ratio;
const valueOf: Pick = ({ value }) => value;

/** How many times as long as ours a peer takes where it comes nearest. */
function nearestPeer({ rows }: BenchDocument): number | undefined {
  const walks = rows.filter(({ table }) => table === 'bitmap-replay');
  const factors = walks.filter(({ subject }) => PEERS.some((peer) => subject.startsWith(peer))).flatMap((peer) => {
    const ours = walks.find((row) => row.case === peer.case && row.subject === OURS);
    return ours === undefined ? [] : [peer.value / ours.value];
  });
  return extreme(factors, Math.min);
}

const atMost = { bound: 'at most', show: factor } as const;
const atLeast = { bound: 'at least', show: factor } as const;
const nanoseconds = { bound: 'at most', show: nanosecondsText } as const;

const RANGES = ['4 KiB', '2 MiB', '1 GiB'];

const classify = RANGES.flatMap((range): Target[] => [
  {
    ...nanoseconds,
    what: `classify ${range} at 1 TiB, slowest pattern`,
    limit: 60,
    measure: most('bitmap-classify', OURS, new RegExp(`^${range}, [^,]+, 1 TiB$`), valueOf),
  },
  {
    ...atLeast,
    what: `classify ${range} on a uniform bitmap at 1 TiB, times as fast as C with the whole bitmap's bound`,
    limit: 10_000,
    measure: leastFaster('bitmap-classify', OURS, new RegExp(`^${range}, (ones|zeros), 1 TiB, ${WHOLE}$`)),
  },
]);

const walks: readonly Target[] = [
  {
    ...atLeast,
    what: 'walk of sparse and swiotlb runs at 1 TiB, times as fast as flat C',
    limit: 20,
    measure: leastFaster('bitmap-replay', OURS, /^(sparse|swiotlb)(, clear runs)?, 1 TiB$/),
  },
  {
    ...atMost,
    what: 'walk of dense runs (random mean 16, alternating), times the time of flat C',
    limit: 2,
    measure: most('bitmap-replay', OURS, /^(random mean 16|alternating), (16 GiB|1 TiB)$/, ratioOf),
  },
  { ...atLeast, what: 'walk of runs, time of the nearest npm peer to ours', limit: 1, measure: nearestPeer },
];

const updates: readonly Target[] = [
  {
    ...atMost,
    what: 'set and clear of 2 MiB at 1 TiB, times the time of C, slowest pattern',
    limit: 4,
    ifMissed:
      'C writes eight words side by side. Here the slots, planes and counts of three levels change, on as many cache lines, and ' +
      'where a GiB was uniform a node of 2 KiB is made and given back; two fifths of a profile are that way down and up, ' +
      'a quarter the checks of the range.',
    measure: most('bitmap-update', OURS, /^2 MiB, .*, 1 TiB$/, ratioOf),
  },
  {
    ...atLeast,
    what: 'set and clear of 1 GiB at 1 TiB, times as fast as C, slowest pattern',
    limit: 100,
    ifMissed: 'C goes through 32 KiB in little more than a microsecond; one slot with its counts takes some 25 ns, checks included.',
    measure: leastFaster('bitmap-update', OURS, /^1 GiB, .*, 1 TiB$/),
  },
];

const INSERT =
  'Three bare arrays in that shape take 4 ns an insert at 64 Ki; the way of single pages through this map takes some 15 (overlap, ' +
  'neighbours that may join it, kind and host), the class around it and host pages above 2^31 the rest. At 1 Mi begin bits, ' +
  'hosts and kinds of a block lie in three places, each a miss of the cache.';

const maps: readonly Target[] = [
  { ...nanoseconds, what: 'IOVA insert with overlap check, 64 Ki mappings', limit: 15, measure: most('map-insert', OUR_MAP, /^64 Ki/, valueOf), ifMissed: INSERT },
  { ...nanoseconds, what: 'IOVA insert with overlap check, 1 Mi mappings', limit: 100, measure: most('map-insert', OUR_MAP, /^1 Mi/, valueOf), ifMissed: INSERT },
  {
    ...atLeast,
    what: 'IOVA insert, 1 Mi mappings at random, times as fast as C++ std::map',
    limit: 10,
    ifMissed: INSERT,
    measure: leastFaster('map-insert', OUR_MAP, /^1 Mi mappings, random/),
  },
  {
    ...atMost,
    what: 'IOVA map, bytes a mapping at 1 Mi',
    limit: 16,
    measure: ({ rows, cases }) => {
      const found = rows.filter(({ table, subject, case: name }) => table === 'map-insert' && subject === OUR_MAP && name.startsWith('1 Mi'));
      const each = found.map((row) => (row.bytes ?? Infinity) / cases.find((one) => one.table === row.table && one.case === row.case)!.operations);
      return extreme(each, Math.max);
    },
  },
];

export const TABLE_TARGETS: readonly Target[] = [...classify, ...walks, ...updates, ...maps];
