// SPDX-License-Identifier: MIT
/** One line of a case as a step: which operations there are, and which fields each has. */
import type { Fields } from './fields.ts';
import {
  count,
  expectedCalls,
  expectedRange,
  expectedRanges,
  expectedTrace,
  name,
  positive,
  status,
  truth,
} from './kinds.ts';
import type { Step, StepFields, StepName } from './unit-case.ts';

/** What the steps of a case have named so far. */
export interface CaseScope {
  readonly regionBytes: number;
  readonly sources: Set<string>;
  readonly listeners: Set<string>;
}

type ReadFields<F> = (fields: Fields, scope: CaseScope) => F;

const READERS: { readonly [O in StepName]: ReadFields<StepFields[O]> } = {
  source: (fields, scope) => {
    const source = fields.required('source', name);
    if (scope.sources.has(source)) fields.fail(`source "${source}" is declared already`);
    scope.sources.add(source);
    return { source, granularity: fields.required('granularity', positive) };
  },
  set: readBits,
  clear: readBits,
  add: readChange,
  del: readChange,
  listen: (fields, scope) => {
    const listener = fields.required('listener', name);
    scope.listeners.add(listener);
    return { listener, ...range(fields), failOnPopulate: fields.optional('failOnPopulate', count) ?? 0 };
  },
  unlisten: (fields, scope) => ({ listener: listenerIn(fields, scope) }),
  reset: (fields, scope) => ({ listener: listenerIn(fields, scope) }),
  populate: readNotify,
  discard: readNotify,
  // A range may stand here as with the other two; a discard of everything has no use for it.
  discardAll: readNotify,
  granularity: (fields) => ({ expect: fields.required('expect', count) }),
  populated: (fields) => ({ ...range(fields), expect: fields.required('expect', truth) }),
  replayPopulated: readReplay,
  replayDiscarded: readReplay,
  expect: (fields, scope) => ({
    listener: listenerIn(fields, scope),
    populates: fields.optional('populates', count),
    populatesAtLeast: fields.optional('populatesAtLeast', count),
    discards: fields.optional('discards', count),
    lastPopulate: fields.optional('lastPopulate', expectedRange),
    lastDiscard: fields.optional('lastDiscard', expectedRange),
    calls: fields.optional('calls', expectedCalls),
  }),
  trace: (fields, scope) => {
    const expect = fields.required('expect', expectedTrace);
    for (const [listener] of expect) checkListener(fields, scope, listener);
    return { expect };
  },
  manager: (fields) => ({ expect: fields.required('expect', truth) }),
};

/** Throws a UnitCaseError for a line that is no step. */
export function readStep(fields: Fields, scope: CaseScope): Step {
  const op = fields.required('op', name);
  if (!isStepName(op)) fields.fail(`no operation "${op}" is known; there are ${Object.keys(READERS).join(', ')}`);
  const step = { op, ...READERS[op](fields, scope) } as Step;
  fields.finish();
  return step;
}

/** A source keeps state for the region only. */
function readBits(fields: Fields, scope: CaseScope): StepFields['set'] {
  const source = sourceIn(fields, scope);
  const { offset, size } = range(fields);
  const end = offset + size;
  if (end > scope.regionBytes) fields.fail(`[${offset}, ${end}) runs past the region of ${scope.regionBytes} bytes`);
  return { source, offset, size };
}

function readChange(fields: Fields, scope: CaseScope): StepFields['add'] {
  return { source: sourceIn(fields, scope), status: fields.optional('status', status) };
}

/** Without a range: what the region has from the offset on, or all of it. */
function readNotify(fields: Fields, scope: CaseScope): StepFields['populate'] {
  const source = sourceIn(fields, scope);
  const offset = fields.optional('offset', count) ?? 0;
  const size = fields.optional('size', count) ?? Math.max(0, scope.regionBytes - offset);
  checkEnd(fields, offset, size);
  return { source, offset, size, status: fields.optional('status', status) };
}

function readReplay(fields: Fields): StepFields['replayPopulated'] {
  return {
    ...range(fields),
    expect: fields.optional('expect', expectedRanges),
    totalBytes: fields.optional('totalBytes', count),
    failAt: fields.optional('failAt', positive),
    status: fields.optional('status', status),
  };
}

function range(fields: Fields): { offset: number; size: number } {
  const offset = fields.required('offset', count);
  const size = fields.required('size', count);
  checkEnd(fields, offset, size);
  return { offset, size };
}

function checkEnd(fields: Fields, offset: number, size: number): void {
  if (!Number.isSafeInteger(offset + size)) fields.fail('the end of the range must be at most 2^53 - 1');
}

function sourceIn(fields: Fields, scope: CaseScope): string {
  const source = fields.required('source', name);
  if (!scope.sources.has(source)) fields.fail(`no source "${source}" was declared; there are ${listed(scope.sources)}`);
  return source;
}

function listenerIn(fields: Fields, scope: CaseScope): string {
  const listener = fields.required('listener', name);
  checkListener(fields, scope, listener);
  return listener;
}

function checkListener(fields: Fields, scope: CaseScope, listener: string): void {
  if (scope.listeners.has(listener)) return;
  fields.fail(`no listener "${listener}" ever listened; there are ${listed(scope.listeners)}`);
}

function listed(names: ReadonlySet<string>): string {
  return [...names].join(', ') || 'none';
}

function isStepName(op: string): op is StepName {
  return Object.hasOwn(READERS, op);
}
