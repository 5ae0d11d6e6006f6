// SPDX-License-Identifier: MIT
/**
 * The cases of the tables of IOVA maps: 4 KiB mappings at every other page, so that nothing adjoins, in ascending or in
 * random order.
 */
import type { Case, LeftOut, Size, Subject, Table } from '../../harness/table.ts';
import { generator, shuffle } from '../../harness/statistics.ts';
import { BTreeMap } from './b-tree-map.ts';
import { HashMap } from './hash-map.ts';
import { IntervalTreeMap } from './interval-tree-map.ts';
import type { IovaMap } from './iova-map.ts';
import { PageRecordsMap } from './page-records-map.ts';
import { loadStdMap } from './std-map.ts';

const SEED = 6;
const KI = 1024;
const COUNTS: Readonly<Record<Size, readonly number[]>> = { full: [64 * KI, KI * KI], small: [4 * KI] };
const INTERVAL_TREE_MOST = 64 * KI;
const TOO_SLOW: LeftOut = {
  name: 'node-interval-tree',
  reason: 'takes microseconds an operation at 64 Ki mappings, and hundreds of bytes each: not run above',
};

export interface Inputs {
  /** Each page that is mapped, once. */
  readonly pages: Int32Array;
  /** The pages after them, which are free. */
  readonly gaps: Int32Array;
}

type Order = 'random' | 'ascending';

/** A subject of the harness, made of a map and the inputs. */
export type Work = (map: IovaMap, inputs: Inputs) => Pick<Subject, 'prepare' | 'run'>;

export function mapTable(id: string, title: string, operationsPerPage: number, work: Work): Table {
  return { id, title, cases: (size) => casesOf(size, operationsPerPage, work) };
}

function* casesOf(size: Size, operationsPerPage: number, work: Work): Generator<Case> {
  for (const count of COUNTS[size]) {
    for (const order of ['random', 'ascending'] as const) {
      yield createCase(count, order, operationsPerPage, work);
    }
  }
}

function createCase(count: number, order: Order, operationsPerPage: number, work: Work): Case {
  const inputs = createInputs(count, order);
  const native = loadStdMap();
  const leftOut: LeftOut[] = count > INTERVAL_TREE_MOST ? [TOO_SLOW] : [];
  const maps: IovaMap[] = [new PageRecordsMap(), new HashMap(), new BTreeMap()];
  if (count <= INTERVAL_TREE_MOST) maps.push(new IntervalTreeMap());
  if ('reason' in native) leftOut.push({ name: 'C++ std::map', reason: native.reason });
  else maps.push(native);
  const subjects = maps.map((map): Subject => {
    map.clear();
    const { bytes } = map;
    return { name: map.name, ...work(map, inputs), ...(bytes !== undefined && { bytes: () => map.bytes!() }) };
  });
  const baseline = 'reason' in native ? maps[0]!.name : native.name;
  const scale = count < KI * KI ? `${count / KI} Ki` : `${count / KI / KI} Mi`;
  return { name: `${scale} mappings, ${order}`, operations: count * operationsPerPage, baseline, subjects, leftOut };
}

function createInputs(count: number, order: Order): Inputs {
  const pages = Array.from({ length: count }, (_, at) => at * 2);
  if (order === 'random') shuffle(pages, generator(SEED));
  return { pages: Int32Array.from(pages), gaps: Int32Array.from(pages, (page) => page + 1) };
}
