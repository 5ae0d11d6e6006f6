// SPDX-License-Identifier: MIT
/**
 * The machine a recording comes from: what its `hello` line declares, else a known machine whose IOVA ranges every
 * `info` line of a device shows. An `info` line alone never makes a machine, or no wrong one would be noticed.
 */
import { AMD_47, areRangesOrdered, type Geometry, type IovaRange, VTD_48 } from '../geometry.ts';
import { rangeTexts } from './hex.ts';
import type { JsonValue } from './json-line.ts';
import type { RecordedLine } from './recorded-line.ts';

const MACHINES: readonly Geometry[] = [VTD_48, AMD_47];

/** Undefined when nothing is declared and no known machine fits. */
export function machineOf(lines: readonly RecordedLine[]): Geometry | undefined {
  const hello = lines.find((line) => line.op === 'hello' && line.has('ranges'));
  if (hello !== undefined) return declaredBy(hello);
  const shown = new Set<string>();
  let backend = '';
  for (const line of lines) {
    if (line.op === 'backend') backend = line.string('kind');
    const hasDevice = backend !== 'ioas' && backend !== 'mock';
    if (line.op === 'info' && hasDevice && line.has('ranges')) {
      shown.add(JSON.stringify(line.value('ranges')).toLowerCase());
    }
  }
  return MACHINES.find(
    ({ ranges }) => shown.size === 1 && shown.has(JSON.stringify(rangeTexts(ranges))),
  );
}

function declaredBy(hello: RecordedLine): Geometry {
  const value = hello.value('ranges');
  const ranges = Array.isArray(value) ? (value as readonly JsonValue[]).map(rangeOf) : [];
  const known = ranges.filter((range) => range !== undefined);
  if (known.length === 0 || known.length !== ranges.length || !areRangesOrdered(known)) {
    hello.fail('ranges', '"ranges" must be ascending pairs ["0x..", "0x.."], both ends included');
  }
  const pageSizes = hello.has('pgsizes') ? hello.bigint('pgsizes') : VTD_48.pageSizes;
  if (pageSizes <= 0n) hello.fail('pgsizes', '"pgsizes" must name at least one page size');
  return { name: 'declared by the recording', pageSizes, ranges: known };
}

function rangeOf(pair: JsonValue): IovaRange | undefined {
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [start, last] = pair as readonly JsonValue[];
  return isHex(start) && isHex(last) ? { start: BigInt(start), last: BigInt(last) } : undefined;
}

function isHex(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value);
}
