// SPDX-License-Identifier: MIT
/* Conversions and devices inside one another (nested, bound 1): what the managers' lists do, and what the lock is for. */
import { parseHistory, runHistory, type RunResult } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { extendedRdm, multiSourceRdm, ramBlockAttributes, rdmPrivateAsDiscarded } from '../src/index.ts';

function run(strategy: Strategy, line: string, without: readonly string[] = []): RunResult {
  return runHistory(strategy, parseHistory(line), { record: true, without: new Set(without) });
}

const TWO = 'world(containers=c0:iommufd,c1:iommufd, pages=4)';
const mapsIn = ({ steps }: RunResult, container: string): number =>
  steps.flatMap(({ events }) => events).filter((event) => event.kind === 'map' && event.container === container && event.firstGfn === 0).length;
const detailOf = ({ violations }: RunResult, invariant: string): string | undefined =>
  violations.find((violation) => violation.invariant === invariant)?.evidence.detail;

describe('a device that comes while a page is shared', () => {
  test.each([ramBlockAttributes, multiSourceRdm])('nested/head: $id tells neither it, which stands before the walk, nor anybody twice', (strategy) => {
    const result = run(strategy, `${TWO}; attach(c0); convert(0+1,shared); at(2,attach(c1)); dma(c1,0,write)`);
    expect([result.nested, result.violations, mapsIn(result, 'c0'), mapsIn(result, 'c1')]).toEqual([['inside'], [], 1, 1]);
  });

  test('nested/replay: a page shared while the multi-source manager replays is announced twice, and the refusal goes unheard', () => {
    const result = run(multiSourceRdm, 'world(containers=c0:iommufd); convert(0+1,shared); attach(c0); at(2,convert(2+1,shared)); dma(c0,2,read)');
    expect(result.steps.map(({ answer }) => answer)).toEqual(['0', '0', '0', '-EFAULT']);
    expect(detailOf(result, 'legal-calls')).toBe('-EEXIST to map of guest pages 0x2+1');
    expect(result.violations.map(({ invariant }) => invariant)).toContain('complete');
  });

  test('nested/replay-exits: RamBlockAttributes exits there', () => {
    const result = run(ramBlockAttributes, 'world(containers=c0:iommufd); convert(0+1,shared); attach(c0); at(2,convert(1+1,shared))');
    expect(detailOf(result, 'nonfatal')).toBe('replaying populated ranges to a new listener failed');
  });
});

describe('a device that goes while a page is shared', () => {
  test.each([ramBlockAttributes, rdmPrivateAsDiscarded, multiSourceRdm])('nested/freed: $id reads the listener it stands on', (strategy) => {
    const result = run(strategy, `${TWO}; attach(c0); attach(c1); convert(0+1,shared); at(2,detach(c1))`);
    expect(detailOf(result, 'nonfatal')).toBe('use after free: a RamDiscardListener leaves while its list is walked (QLIST_FOREACH)');
  });

  test.each([ramBlockAttributes, multiSourceRdm])('nested/before-its-turn: $id tells one that is gone by then no more', (strategy) => {
    const result = run(strategy, `${TWO}; attach(c0); attach(c1); convert(0+1,shared); at(2,detach(c0)); dma(c1,0,write)`);
    expect([result.violations, mapsIn(result, 'c0'), mapsIn(result, 'c1')]).toEqual([[], 0, 1]);
  });

  test('nested/refused: the undoing of a refused run is a walk of its own, with whoever came meanwhile', () => {
    const line = `${TWO}; attach(c0); attach(c1); refuse(c0,map,1,ENOMEM); convert(0+1,shared); at(3,detach(c1))`;
    expect(detailOf(run(multiSourceRdm, line), 'nonfatal')).toContain('use after free');
  });
});

describe('the lock of extended-rdm', () => {
  const LINES = [
    `${TWO}; attach(c0); convert(0+1,shared); at(2,attach(c1)); dma(c1,0,write)`,
    `${TWO}; attach(c0); attach(c1); convert(0+1,shared); at(3,detach(c1)); dma(c0,0,write)`,
    `${TWO}; attach(c0); convert(0+1,shared); convert(0+1,private); at(2,convert(0+1,shared)); dma(c0,0,write)`,
    'world(vmem=2x2, pages=2); attach(c0); convert(2+2,shared); plug(m0,0+1); at(2,convert(2+1,private)); dma(c0,3,write)',
  ];

  test.each(LINES)('nested/waits: %s', (line) => {
    const result = run(extendedRdm, line);
    expect([result.nested, result.violations]).toEqual([['after'], []]);
  });

  test.each(LINES)('nested/without: %s falls', (line) => {
    const result = run(extendedRdm, line, ['lock']);
    expect(result.nested).toEqual(['inside']);
    expect(result.violations).not.toEqual([]);
  });
});
