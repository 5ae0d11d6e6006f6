// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { worldSpec } from '../../src/index.ts';
import { Judge } from '../../src/judge/judge.ts';
import type { WatchedContainer } from '../../src/judge/watched-container.ts';
import { buildLayout } from '../../src/world/build-layout.ts';

/** More than the containers of one word. */
const CONTAINERS = 40;

function bench(): { judge: Judge; mapped: Set<number>[] } {
  const { memory, layout } = buildLayout(worldSpec({ pages: 4, vmem: [{ blockCount: 1, blockPages: 1 }] }));
  const mapped = Array.from({ length: CONTAINERS }, () => new Set<number>());
  const containers = mapped.map((pages, at): WatchedContainer => ({
    name: `c${at}`,
    pins: false,
    isAttached: () => true,
    isMapped: (gfn) => pages.has(gfn),
    translate: () => 0,
    isWritable: () => true,
    forEachMapping: () => undefined,
  }));
  return { judge: new Judge(memory, layout, containers), mapped };
}

describe('what pages were like before', () => {
  test.each([0, 30, 31, 39])('a page that container %i maps since differs', (which) => {
    const { judge, mapped } = bench();
    const before = judge.createBefore().capture([{ first: 0, end: 2 }]);
    expect(before.difference()).toBeUndefined();
    mapped[which]!.add(1);
    judge.reread(which);
    const none = '0'.repeat(CONTAINERS);
    const one = `${'0'.repeat(which)}1${'0'.repeat(CONTAINERS - which - 1)}`;
    expect(before.difference()).toEqual({ position: 1, detail: `mapped per container was ${none} and is ${one}` });
    before.forget([{ first: 1, end: 2 }]);
    expect(before.difference()).toBeUndefined();
  });

  test('is captured again in the same place, of more pages than before', () => {
    const { judge, mapped } = bench();
    const before = judge.createBefore().capture([{ first: 0, end: 1 }]);
    mapped[0]!.add(0);
    judge.reread(0);
    before.capture([{ first: 0, end: 4 }, { first: 4, end: 5 }]);
    expect(before.difference()).toBeUndefined();
    mapped[0]!.delete(0);
    judge.reread(0);
    expect(before.difference()?.position).toBe(0);
  });

  test('of pages that wait for a retry nothing is captured', () => {
    const { judge, mapped } = bench();
    judge.begin({ index: 0, kind: 'convert', positions: [{ first: 0, end: 1 }] });
    judge.end('partial');
    const before = judge.createBefore().capture([{ first: 0, end: 2 }]);
    for (const gfn of [0, 1]) mapped[0]!.add(gfn);
    judge.reread(0);
    expect(before.difference()?.position).toBe(1);
  });
});
