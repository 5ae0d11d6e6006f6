// SPDX-License-Identifier: MIT
import type { CaseListener, HeardCall } from './case-listener.ts';
import { agrees, type Differences } from './difference.ts';
import type { ExpectedTraceCall } from './unit-case.ts';

/**
 * The calls of all listeners in the order they came: those since each began to listen or was last reset, or, just as
 * well, all since the case began.
 */
export function compareTrace(
  expected: readonly ExpectedTraceCall[],
  heard: readonly HeardCall[],
  listeners: ReadonlyMap<string, CaseListener>,
  differences: Differences,
): void {
  if (follows(expected, heard)) return;
  const kept = new Set([...listeners.values()].flatMap(({ calls }) => calls));
  const recent = heard.filter((call) => kept.has(call));
  if (!follows(expected, recent)) differences.add('trace', expected, recent.map(row));
}

function follows(expected: readonly ExpectedTraceCall[], heard: readonly HeardCall[]): boolean {
  return (
    expected.length === heard.length && expected.every((call, at) => agrees(call, row(heard[at]!).slice(0, call.length)))
  );
}

function row({ listener, kind, offset, size, status }: HeardCall): readonly unknown[] {
  return [listener, kind, offset, size, status];
}
