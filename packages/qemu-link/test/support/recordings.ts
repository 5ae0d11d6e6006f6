// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../fixtures/', import.meta.url));

export function recordingNames(kind: 'qemu' | 'qemu-confidential'): string[] {
  return readdirSync(join(folder, kind)).map((name) => `${kind}/${name}`).toSorted();
}

/** Recordings with requests that can be compared. */
export const COMPARED = ['qemu/random-7.jsonl.gz', ...recordingNames('qemu-confidential')];

export function readText(name: string): string {
  return gunzipSync(readFileSync(join(folder, name))).toString('utf8');
}

export type Line = Record<string, unknown>;

export function readLines(name: string): Line[] {
  return readText(name).trimEnd().split('\n').map((line) => JSON.parse(line) as Line);
}

export function toText(lines: readonly Line[]): string {
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

const TYPES = ['PLUG', 'UNPLUG', 'UNPLUG_ALL', 'STATE'];

/** What a mark of a stream without answers announces, in the words of one with. */
function announced(mark: string): string | undefined {
  const [, type, range] = /^op (\d) (\d+\+\d+)$/.exec(mark) ?? [];
  if (type !== undefined) return `${TYPES[Number(type)]} ${range}`;
  const [, verb, first, count] = /^(PLUG|UNPLUG|STATE).*blk=(\d+) nb=(\d+)/.exec(mark) ?? [];
  if (verb !== undefined) return `${verb} ${first}+${count}`;
  const [, blocks] = /^qom-set requested-size (\d+) blocks/.exec(mark) ?? [];
  if (blocks !== undefined) return `requested=${blocks}`;
  if (mark.startsWith('hotplug second')) return 'device_add vu1';
  if (mark.startsWith('device_del')) return `device_del ${/vu\d/.exec(mark)![0]}`;
  return ['UNPLUG_ALL', 'system_reset'].includes(mark) ? mark : undefined;
}

/**
 * A stream whose marks stand before what they announce, with marks behind it that carry the answer: what the driver
 * heard, or `-` where the next mark is written and nobody was answered.
 */
export function withAnswers(lines: readonly Line[]): Line[] {
  const out: Line[] = [];
  let pending: string | undefined;
  const answer = (resp: unknown): void => {
    if (pending !== undefined) out.push({ src: 'mark', ev: `op ${out.length} ${pending}`, resp });
    pending = undefined;
  };
  for (const line of lines) {
    if (line.src === 'mark') {
      answer('-');
      pending = announced(String(line.ev));
      continue;
    }
    out.push(line);
    if (line.src === 'vmem' && line.ev === 'resp') answer(line.type);
  }
  answer('-');
  return out;
}
