// SPDX-License-Identifier: MIT
import type { Kind } from './fields.ts';
import type { CallKind, ExpectedCall, ExpectedRange, ExpectedTraceCall } from './unit-case.ts';

function integerFrom(least: number): Kind<number> {
  return {
    what: `a whole number from ${least} to 2^53 - 1`,
    read: (value) => (Number.isSafeInteger(value) && (value as number) >= least ? (value as number) : undefined),
  };
}

function listOf<T>(member: Kind<T>): Kind<readonly T[]> {
  return {
    what: `a list, each of its members ${member.what}`,
    read: (value) => {
      if (!Array.isArray(value)) return undefined;
      const members = value.map((one) => member.read(one));
      return members.includes(undefined) ? undefined : (members as T[]);
    },
  };
}

export const count: Kind<number> = integerFrom(0);
export const positive: Kind<number> = integerFrom(1);

export const status: Kind<number> = {
  what: '0 or a negative errno',
  read: (value) => (Number.isSafeInteger(value) && (value as number) <= 0 ? (value as number) : undefined),
};

export const truth: Kind<boolean> = {
  what: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
};

export const name: Kind<string> = {
  what: 'a name',
  read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
};

export const expectedRange: Kind<ExpectedRange> = {
  what: '[offset, size], null where it is not compared',
  read: (value) => {
    if (!Array.isArray(value) || value.length !== 2 || !value.every(isCountOrNull)) return undefined;
    return [value[0], value[1]];
  },
};

const expectedCall: Kind<ExpectedCall> = {
  what: '["P" or "D", offset, size], null where it is not compared',
  read: (value) => {
    if (!Array.isArray(value) || value.length !== 3) return undefined;
    const range = expectedRange.read(value.slice(1));
    return isCallKind(value[0]) && range !== undefined ? [value[0], ...range] : undefined;
  },
};

const expectedTraceCall: Kind<ExpectedTraceCall> = {
  what: '[listener, "P" or "D", offset, size], perhaps a status behind it, null where it is not compared',
  read: (value) => {
    if (!Array.isArray(value) || value.length < 4 || value.length > 5) return undefined;
    const listener = name.read(value[0]);
    const call = expectedCall.read(value.slice(1, 4));
    if (listener === undefined || call === undefined) return undefined;
    if (value.length === 4) return [listener, ...call];
    const answer = value[4] === null ? null : status.read(value[4]);
    return answer === undefined ? undefined : [listener, ...call, answer];
  },
};

export const expectedRanges: Kind<readonly ExpectedRange[]> = listOf(expectedRange);
export const expectedCalls: Kind<readonly ExpectedCall[]> = listOf(expectedCall);
export const expectedTrace: Kind<readonly ExpectedTraceCall[]> = listOf(expectedTraceCall);

function isCallKind(value: unknown): value is CallKind {
  return value === 'P' || value === 'D';
}

function isCountOrNull(value: unknown): boolean {
  return value === null || count.read(value) !== undefined;
}
