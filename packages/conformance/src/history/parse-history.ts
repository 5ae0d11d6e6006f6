// SPDX-License-Identifier: MIT
/**
 * Reads the one-line text form. `world(...)` may be left out (all defaults). Spaces around separators do not matter.
 */
import * as v from 'valibot';
import { WORLD_BACKENDS, worldSchema, type WorldSpec } from '../world/world-spec.ts';
import { checkHistory } from './check-history.ts';
import { HistoryError } from './history-error.ts';
import type { History } from './history.ts';
import { type Operation, operationSchema } from './operation.ts';

const CALL = /^([a-z-]+)(?:\((.*)\))?$/;

export function parseHistory(text: string): History {
  const calls = text
    .split(';')
    .map((part) => part.trim().replaceAll(/\s+/g, ' '))
    .filter((part) => part !== '');
  if (calls.length === 0) throw new HistoryError('history: nothing there; write for example attach(c0); convert(0+1,shared)');
  const startsWithWorld = calls[0]!.startsWith('world(') || calls[0] === 'world';
  const world = parseWorld(startsWithWorld ? calls[0]! : 'world()');
  const operations = calls.slice(startsWithWorld ? 1 : 0).map((call, at) => parseOperation(call, at + 1));
  return checkHistory({ world, operations });
}

function parseWorld(call: string): WorldSpec {
  const inside = CALL.exec(call)?.[2];
  if (inside === undefined) throw new HistoryError(`history: '${call}' is no world(...); write world(pages=8)`);
  const input: Record<string, unknown> = {};
  // A comma belongs to a value unless a key and '=' follow it: containers=c0:type1v2,c1:iommufd, pages=4
  for (const part of inside.split(/,(?=\s*[A-Za-z]+\s*=)/)) {
    if (part.trim() === '') continue;
    const [key, value] = splitOnce(part.trim(), '=');
    if (!Object.hasOwn(worldSchema.entries, key)) throw new HistoryError(`history: world(...) has no ${key}; write ${WORLD_USAGE}`);
    if (value === undefined) throw new HistoryError(`history: world(${part.trim()}) has no value; write ${key}=...`);
    if (Object.hasOwn(input, key)) throw new HistoryError(`history: world(...) gives ${key} twice; keep one`);
    input[key] = worldValue(key, value);
  }
  const parsed = v.safeParse(worldSchema, input);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new HistoryError(`history: world(...) ${v.getDotPath(issue) ?? ''}: ${issue.message}; write ${WORLD_USAGE}`);
}

const WORLD_USAGE = [
  'regime=two-backend|in-place',
  `containers=none|cN:${WORLD_BACKENDS.join('|')}[/PAGES][+viommu|+tdisp],...`,
  'pages=COUNT',
  'vmem=BLOCKSxPAGES[/MEMSLOTBLOCKS][@mN][:shared],...',
  'firmware=COUNT',
  'readonly=none|firmware',
  'hugetlb=PAGES',
  'onRefusal=stop|retry',
  'tee=none|tdx|snp',
  'limit=COUNT',
].join(', ');

function worldValue(key: string, value: string): unknown {
  if (['pages', 'firmware', 'hugetlb', 'limit'].includes(key)) return wholeNumber(value);
  if (key === 'vmem') return value.split(',').map(parseVmem);
  if (key !== 'containers') return value;
  if (value === 'none') return [];
  return value.split(',').map((part) => parseContainer(part.trim()));
}

/** `c0:type1v2`, `c0:type1v2/2` (smallest IOMMU page of two pages), `c0:iommufd+viommu`. */
function parseContainer(part: string): Record<string, unknown> {
  const [name, rest] = splitOnce(part, ':');
  const [device, kind] = splitOnce(rest ?? '', '+');
  const [backend, iommuPages] = splitOnce(device, '/');
  return {
    name,
    backend,
    ...(iommuPages !== undefined && { iommuPages: wholeNumber(iommuPages) }),
    ...(kind !== undefined && { kind }),
  };
}

/** `4x2`, then what is special about it: `/2` memslots of two blocks, `@m0` over the block of m0, `:shared`. */
function parseVmem(part: string): Record<string, unknown> {
  const match = /^([^/@:]*)(?:\/([^@:]*))?(?:@([^:]*))?(?::(.*))?$/.exec(part.trim());
  const [, size, memslotBlocks, over, kind] = match ?? [];
  const [blockCount, blockPages] = splitOnce(size ?? part, 'x');
  return {
    blockCount: wholeNumber(blockCount),
    blockPages: wholeNumber(blockPages ?? ''),
    ...(memslotBlocks !== undefined && { memslotBlocks: wholeNumber(memslotBlocks.trim()) }),
    ...(over !== undefined && { over: over.trim() }),
    ...(kind !== undefined && { shared: kind.trim() === 'shared' ? true : kind }),
  };
}

function parseOperation(call: string, number: number): Operation {
  const match = CALL.exec(call);
  if (match?.[1] === 'at') return parseNested(call, match[2] ?? '', number);
  const name = match?.[1] ?? call;
  const args = match?.[2] === undefined ? [] : match[2].split(',').map((arg) => arg.trim());
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (match === null || shape === undefined) {
    throw new HistoryError(
      `history: operation ${number} is '${call}'; known are ${[...Object.values(SHAPES).map(({ usage }) => usage), AT_USAGE].join(', ')}`,
    );
  }
  const parsed = v.safeParse(operationSchema, { op: name, ...shape.read(args) });
  if (parsed.success && hasArgumentCount(shape.usage, args.length)) return parsed.output;
  throw new HistoryError(`history: operation ${number} is '${call}'; write ${shape.usage}`);
}

const AT_USAGE = 'at(EVENT,OPERATION)';

/** What runs inside the operation before is an operation like any other, except another one of this kind. */
function parseNested(call: string, args: string, number: number): Operation {
  const [event, inner] = splitOnce(args, ',');
  if (inner === undefined) throw new HistoryError(`history: operation ${number} is '${call}'; write ${AT_USAGE}`);
  if (/^at\b/.test(inner)) {
    throw new HistoryError(`history: operation ${number} is '${call}'; one operation inside another is all, leave the second at out`);
  }
  const parsed = v.safeParse(operationSchema, { op: 'at', event: wholeNumber(event), operation: parseOperation(inner, number) });
  if (parsed.success) return parsed.output;
  throw new HistoryError(`history: operation ${number} is '${call}'; write ${AT_USAGE}, events are counted from 1`);
}

/** What stands in brackets in a usage may be left out. */
function hasArgumentCount(usage: string, given: number): boolean {
  return given >= argumentCount(usage.replace(/\[.*\]/, '')) && given <= argumentCount(usage);
}

function argumentCount(usage: string): number {
  return usage.includes('(') ? usage.split(',').length : 0;
}

interface Shape {
  readonly usage: string;
  read(args: readonly string[]): Record<string, unknown>;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  convert: {
    usage: 'convert(PAGE+COUNT,shared|private)',
    read: ([range, to]) => ({ ...pageRange(range), to }),
  },
  request: {
    usage: 'request(0xADDRESS+0xSIZE,shared|private)',
    read: ([range, to]) => ({ ...byteRange(range), to }),
  },
  plug: { usage: 'plug(mN,BLOCK+COUNT)', read: ([device, range]) => ({ device, ...blockRange(range) }) },
  unplug: { usage: 'unplug(mN,BLOCK+COUNT)', read: ([device, range]) => ({ device, ...blockRange(range) }) },
  'add-source': { usage: 'add-source(mN)', read: ([device]) => ({ device }) },
  'del-source': { usage: 'del-source(mN)', read: ([device]) => ({ device }) },
  'unplug-all': { usage: 'unplug-all(mN)', read: ([device]) => ({ device }) },
  reset: { usage: 'reset', read: () => ({}) },
  attach: { usage: 'attach(cN)', read: ([container]) => ({ container }) },
  detach: { usage: 'detach(cN)', read: ([container]) => ({ container }) },
  refuse: {
    usage: 'refuse(cN,map|unmap,K,ERRNO[,once])',
    read: ([container, call, k, errno, once]) => ({
      container,
      call,
      k: wholeNumber(k),
      errno,
      ...(once !== undefined && { once: once === 'once' ? true : once }),
    }),
  },
  heal: { usage: 'heal', read: () => ({}) },
  dma: {
    usage: 'dma(cN,PAGE,read|write)',
    read: ([container, page, access]) => ({ container, page: wholeNumber(page), access }),
  },
  touch: { usage: 'touch(PAGE)', read: ([page]) => ({ page: wholeNumber(page) }) },
  read: { usage: 'read(PAGE)', read: ([page]) => ({ page: wholeNumber(page) }) },
  balloon: { usage: 'balloon(PAGE+COUNT)', read: ([range]) => pageRange(range) },
  migrate: {
    usage: 'migrate(start|finish|load[,late])',
    read: ([step, late]) => ({ step, ...(late !== undefined && { late: late === 'late' ? true : late }) }),
  },
  dump: { usage: 'dump', read: () => ({}) },
  cpr: { usage: 'cpr(cN)', read: ([container]) => ({ container }) },
  'viommu-map': {
    usage: 'viommu-map(cN,IOVA_PAGE,PAGE+COUNT)',
    read: ([container, iova, range]) => ({ container, iova: wholeNumber(iova), ...pageRange(range) }),
  },
  'viommu-unmap': {
    usage: 'viommu-unmap(cN,IOVA_PAGE+COUNT)',
    read: ([container, range]) => {
      const { page: iova, count } = pageRange(range);
      return { container, iova, count };
    },
  },
};

function pageRange(text: string | undefined): { page: unknown; count: unknown } {
  const [page, count] = splitOnce(text ?? '', '+');
  return { page: wholeNumber(page), count: wholeNumber(count) };
}

function byteRange(text: string | undefined): { address: unknown; size: unknown } {
  const [address, size] = splitOnce(text ?? '', '+');
  return { address: hexBytes(address), size: hexBytes(size) };
}

/** As it is printed: lower case, no leading zeros. What is no number stays, so that the schema refuses it. */
function hexBytes(text: string | undefined): unknown {
  return text !== undefined && /^0x[0-9a-f]+$/i.test(text) ? `0x${BigInt(text).toString(16)}` : text;
}

function blockRange(text: string | undefined): { block: unknown; count: unknown } {
  const { page, count } = pageRange(text);
  return { block: page, count };
}

/** A number, or the text itself so that the schema refuses it. */
function wholeNumber(text: string | undefined): unknown {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at).trim(), text.slice(at + separator.length).trim()];
}
