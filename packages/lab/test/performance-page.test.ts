// SPDX-License-Identifier: MIT
// docs/performance.json is the document of one full run (npm run --silent bench -- --json), docs/performance.md is written
// from it by this test (UPDATE_DOCS=1) and held against it ever after. What its sentences claim is asked of the data here.
import { readFileSync, writeFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { performancePage } from '../src/bench/performance-page.ts';
import { judgeTargets, targetBlocks } from '../src/bench/targets.ts';
import { type BenchDocument, type BenchGrowth, benchSchema } from '../src/index.ts';
import { toTerminal } from '../src/text/to-terminal.ts';

const dataFile = new URL('../../../docs/performance.json', import.meta.url);
const pageFile = new URL('../../../docs/performance.md', import.meta.url);

const document: BenchDocument = v.parse(benchSchema, JSON.parse(readFileSync(dataFile, 'utf8')));
if (process.env['UPDATE_DOCS'] === '1') writeFileSync(pageFile, performancePage(document));

const rowsOf = (strategy: string, pattern: string): BenchGrowth[] =>
  document.growth.filter((row) => row.strategy === strategy && row.pattern === pattern);
const metersOf = (strategy: string, pattern: string): BenchGrowth['meters'][] => rowsOf(strategy, pattern).map(({ meters }) => meters);

describe('docs/performance.md', () => {
  it('is what the data say', () => {
    expect(readFileSync(pageFile, 'utf8')).toBe(performancePage(document));
  });

  it('tells of a full run', () => {
    expect(document.size).toBe('full');
    expect([document.growth.length, document.workloads.length, document.rows.length].every((count) => count > 0)).toBe(true);
  });
});

describe('what the page says of the designs', () => {
  const SIZES = 4;

  it('the search bound of ram-block-attributes and multi-source-rdm grows as the guest does', () => {
    for (const strategy of ['ram-block-attributes', 'multi-source-rdm']) {
      const words = metersOf(strategy, 'all private, 4 KiB').map(({ bitmapWords }) => bitmapWords);
      expect(words).toHaveLength(SIZES);
      expect(words.at(-1)! / words[0]!).toBeGreaterThan(60);
    }
  });

  it('multi-source-rdm asks for every page of the guest at an attach', () => {
    const rows = rowsOf('multi-source-rdm', 'attach and detach, after a swiotlb boot');
    expect(rows.map(({ meters }) => meters.probes)).toEqual(rows.map(({ guestBytes }) => guestBytes / 4096));
  });

  it('dma-mapping-tracker notifies more often than there are conversions, the others once each', () => {
    for (const strategy of new Set(document.growth.map((row) => row.strategy))) {
      const told = metersOf(strategy, 'all private, 2 MiB').map(({ notifications }) => notifications);
      expect(told.every((count) => (strategy === 'dma-mapping-tracker' ? count > 256 : count === 1))).toBe(true);
    }
  });

  it('both designs done right read as much in the largest guest as in the smallest', () => {
    for (const strategy of ['extended-rdm', 'notifier-list']) {
      for (const pattern of ['all private, 4 KiB', 'all private, 2 MiB', 'after a swiotlb boot, 4 KiB']) {
        const [smallest, ...larger] = metersOf(strategy, pattern);
        expect(larger).toEqual(Array.from({ length: SIZES - 1 }, () => smallest));
      }
    }
  });
});

describe('a target', () => {
  const textOf = (of: BenchDocument): string => toTerminal(targetBlocks(of));
  const judged = (of: BenchDocument, what: string): boolean | undefined => judgeTargets(of).find(({ target }) => target.what === what)?.isMet;
  const flat = 'extended-rdm: meters of a conversion, worst guest to smallest';

  it('is missed by a meter that grows', () => {
    const grown = (row: BenchGrowth): BenchGrowth =>
      row.strategy === 'extended-rdm' && row === rowsOf('extended-rdm', 'all private, 4 KiB').at(-1)
        ? { ...row, meters: { ...row.meters, ioctls: row.meters.ioctls * 1.6 } }
        : row;
    expect(judged(document, flat)).toBe(true);
    expect(judged({ ...document, growth: document.growth.map(grown) }, flat)).toBe(false);
  });

  it('is missed by a meter that was zero in the smallest guest', () => {
    const grown = document.growth.map((row, at) => (at === document.growth.length - 1 ? row : { ...row, meters: { ...row.meters, probes: row.guestBytes > 2 ** 36 ? 1 : 0 } }));
    expect(judged({ ...document, growth: grown }, flat)).toBe(false);
  });

  it('is missed by a workload above its budget, and only by that', () => {
    const [first] = document.workloads.filter(({ budget }) => budget !== null);
    const seconds = (factor: number): BenchDocument => ({ ...document, workloads: [{ ...first!, seconds: first!.budget!.seconds! * factor }] });
    expect([judged(seconds(1.01), first!.id), judged(seconds(0.99), first!.id)]).toEqual([false, true]);
  });

  it('without rows is not measured, and not met', () => {
    const without = { ...document, rows: document.rows.filter(({ table }) => table !== 'map-insert') };
    expect(judged(without, 'IOVA insert with overlap check, 64 Ki mappings')).toBe(false);
    expect(textOf(without)).toMatch(/IOVA insert with overlap check, 64 Ki mappings +at most 15\.0 ns +not measured\n/);
  });

  it('is not asked of small inputs', () => {
    expect(targetBlocks({ ...document, size: 'small' })).toEqual([]);
  });
});
