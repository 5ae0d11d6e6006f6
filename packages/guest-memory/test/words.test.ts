// SPDX-License-Identifier: MIT
import { assert, AssertionFailure, ERRNO, NO_PLUG_EVENTS, type PlugEvents, type PlugSource, statusText } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';

describe('statusText', () => {
  test.each([
    { status: 0, text: '0' },
    { status: -11, text: '-EAGAIN' },
    { status: -28, text: '-ENOSPC' },
    { status: -9999, text: '-9999' },
    { status: 11, text: '11' },
  ])('of $status is $text', ({ status, text }) => {
    expect(statusText(status)).toBe(text);
  });

  test('every errno has its own number and comes back as its name', () => {
    const names = Object.entries(ERRNO).map(([name, errno]) => [`-${name}`, statusText(-errno)]);
    expect(names.filter(([name, text]) => name !== text)).toEqual([]);
  });
});

describe('assert', () => {
  test('a fact that does not hold is thrown with its text', () => {
    expect(() => assert(true, 'water is wet')).not.toThrow();
    expect(() => assert(false, 'water is dry')).toThrow(new AssertionFailure('assertion failed: water is dry'));
  });
});

describe('a design without plug sources', () => {
  const source: PlugSource = { name: 'm0', granulePages: 1, isPlugged: () => true };
  const range = { block: { name: 'ram', pageCount: 1, hostFirstPage: 0, hasGuestMemfd: true }, firstPage: 0, endPage: 1 };

  test.each(Object.keys(NO_PLUG_EVENTS) as (keyof PlugEvents)[])('takes %s as an assertion', (event) => {
    expect(() => NO_PLUG_EVENTS[event](source, range, () => 0)).toThrow(AssertionFailure);
  });
});
