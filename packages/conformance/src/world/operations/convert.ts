// SPDX-License-Identifier: MIT
import { convertMemory, ERRNO, PAGE_BYTES, type Side, type Status, statusText } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import type { PositionRun } from '../../judge/judge.ts';
import { gfnOf } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';
import { settle } from './settle.ts';

/** One guest request per run of consecutive guest physical addresses; the first refusal ends the operation. */
export function convert(machine: Machine, operation: Extract<Operation, { op: 'convert' }>): Answer {
  const run = { first: operation.page, end: operation.page + operation.count };
  for (const part of machine.partsOf(run)) {
    const before = machine.begin('convert', [part]);
    const status = convertPart(machine, part, operation.to);
    const rest = { ...operation, page: part.first, count: run.end - part.first };
    const mayRetry = status === -ERRNO.EAGAIN;
    settle(machine, rest, { answer: statusText(status), succeeded: status === 0, mayRetry, before });
    if (status === 0) continue;
    if (!mayRetry && machine.spec.onRefusal === 'stop') machine.stop();
    return statusText(status);
  }
  return '0';
}

function convertPart(machine: Machine, part: PositionRun, to: Side): Status {
  const span = machine.layout.spanAt(part.first);
  return convertMemory(
    machine.memory,
    machine.instance,
    machine.strategy.requestPath,
    BigInt(gfnOf(span, part.first)) * BigInt(PAGE_BYTES),
    BigInt(part.end - part.first) * BigInt(PAGE_BYTES),
    to,
  );
}
