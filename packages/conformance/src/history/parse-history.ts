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
  `containers=none|cN:${WORLD_BACKENDS.join('|')},...`,
  'pages=COUNT',
  'vmem=BLOCKSxPAGES,...',
  'onRefusal=stop|retry',
  'tee=none|tdx|snp',
  'limit=COUNT',
].join(', ');

function worldValue(key: string, value: string): unknown {
  if (key === 'pages' || key === 'limit') return wholeNumber(value);
  if (key === 'vmem') return value.split(',').map(parseVmem);
  if (key !== 'containers') return value;
  if (value === 'none') return [];
  return value.split(',').map((part) => {
    const [name, backend] = splitOnce(part.trim(), ':');
    return { name, backend };
  });
}

function parseVmem(part: string): { blockCount: unknown; blockPages: unknown } {
  const [blockCount, blockPages] = splitOnce(part.trim(), 'x');
  return { blockCount: wholeNumber(blockCount), blockPages: wholeNumber(blockPages ?? '') };
}

function parseOperation(call: string, number: number): Operation {
  const match = CALL.exec(call);
  const name = match?.[1] ?? call;
  const args = match?.[2] === undefined ? [] : match[2].split(',').map((arg) => arg.trim());
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (match === null || shape === undefined) {
    throw new HistoryError(
      `history: operation ${number} is '${call}'; known are ${Object.values(SHAPES).map(({ usage }) => usage).join(', ')}`,
    );
  }
  const parsed = v.safeParse(operationSchema, { op: name, ...shape.read(args) });
  const count = shape.usage.includes('(') ? shape.usage.split(',').length : 0;
  if (parsed.success && args.length === count) return parsed.output;
  throw new HistoryError(`history: operation ${number} is '${call}'; write ${shape.usage}`);
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
  plug: { usage: 'plug(mN,BLOCK+COUNT)', read: ([device, range]) => ({ device, ...blockRange(range) }) },
  unplug: { usage: 'unplug(mN,BLOCK+COUNT)', read: ([device, range]) => ({ device, ...blockRange(range) }) },
  'unplug-all': { usage: 'unplug-all(mN)', read: ([device]) => ({ device }) },
  reset: { usage: 'reset', read: () => ({}) },
  attach: { usage: 'attach(cN)', read: ([container]) => ({ container }) },
  detach: { usage: 'detach(cN)', read: ([container]) => ({ container }) },
  refuse: {
    usage: 'refuse(cN,map|unmap,K,ERRNO)',
    read: ([container, call, k, errno]) => ({ container, call, k: wholeNumber(k), errno }),
  },
  heal: { usage: 'heal', read: () => ({}) },
  dma: {
    usage: 'dma(cN,PAGE,read|write)',
    read: ([container, page, access]) => ({ container, page: wholeNumber(page), access }),
  },
  touch: { usage: 'touch(PAGE)', read: ([page]) => ({ page: wholeNumber(page) }) },
  balloon: { usage: 'balloon(PAGE+COUNT)', read: ([range]) => pageRange(range) },
  migrate: { usage: 'migrate(start|finish)', read: ([step]) => ({ step }) },
  dump: { usage: 'dump', read: () => ({}) },
};

function pageRange(text: string | undefined): { page: unknown; count: unknown } {
  const [page, count] = splitOnce(text ?? '', '+');
  return { page: wholeNumber(page), count: wholeNumber(count) };
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
