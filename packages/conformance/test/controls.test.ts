// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import {
  blocked,
  CASES,
  type Cell,
  type ConformanceReport,
  explain,
  keepShared,
  parseHistory,
  runConformance,
  runHistory,
  uncoordinated,
  KERNEL_BACKENDS,
} from '../src/index.ts';
import { judged } from './support/judged.ts';

const OPTIONS = { backends: KERNEL_BACKENDS, cases: CASES.filter(({ setUp }) => setUp === 'as-written'), runs: 120 };
const SIX_STEPS = ['attach(c0)', 'convert(0+1,shared)', 'touch(0)', 'convert(0+1,private)', 'convert(0+1,shared)', 'touch(0)', 'dma(c0,0,read)'];

function cellsOf({ cells }: ConformanceReport, regime: Cell['regime']): readonly Cell[] {
  return cells.filter((cell) => cell.regime === regime);
}

function invariantsOf({ broken }: Cell): string[] {
  return broken.map(({ invariant, reach }) => `${invariant} ${reach}`);
}

describe('uncoordinated', () => {
  const report = runConformance(uncoordinated, OPTIONS);

  test('is broken, everywhere', () => {
    expect(report.verdict).toBe('broken');
    expect(report.cells.map(({ outcome }) => outcome)).toEqual(['broken', 'broken', 'broken', 'broken']);
  });

  test('two-backend: coherent falls first, with a history that tells the six steps', () => {
    for (const cell of cellsOf(report, 'two-backend')) {
      const [first] = cell.broken;
      expect(first).toMatchObject({ invariant: 'coherent', reach: 'live', case: 'six-steps/device-reads-what-the-guest-wrote' });
      const [, ...operations] = first!.history.split('; ');
      expect(operations).toEqual(SIX_STEPS);
      expect(operations.length).toBeLessThanOrEqual(7);
    }
  });

  test('the device reads what the guest wrote before, not what it wrote last', () => {
    const history = parseHistory(SIX_STEPS.join('; '));
    const { steps, violations } = runHistory(uncoordinated, history);
    expect(steps.map(({ answer }) => answer)).toEqual(['0', '0', '0 0xa1', '0', '0', '0 0xa2', '0 0xa1']);
    expect(violations.map(({ invariant }) => invariant)).toEqual(['bounded', 'order', 'coherent']);
    expect(explain(violations[2]!, history)).toBe(
      'Let operation 5, convert(0+1,shared), be done. Then no frame backs page 0 yet, so a device in c0 may reach none. ' +
        'However, c0 still leads page 0 to frame 1: the device reads and writes the wrong memory.',
    );
  });

  test('in-place: the kernel refuses to take a pinned page back, and no retry can succeed', () => {
    const line = 'world(regime=in-place); convert(0+8,shared); attach(c0); convert(0+1,private); heal';
    const { answers, violations, words } = judged(uncoordinated, line);
    expect(answers).toEqual(['0', '0', '-EAGAIN', '0, 1 retried']);
    expect(violations.map(({ invariant }) => invariant)).toEqual(['progress']);
    expect(words[0]).toBe(
      'Let operation 4, heal, be done. Then with the fault lifted, the retry of a refused operation succeeds. ' +
        'However, it answered -EAGAIN.',
    );
  });

  test('in-place: no device ever reaches private data or an old frame', () => {
    for (const cell of cellsOf(report, 'in-place')) {
      expect(invariantsOf(cell)).not.toContain('coherent live');
      expect(invariantsOf(cell)).not.toContain('isolated live');
      expect(invariantsOf(cell)).toContain('progress live');
    }
  });
});

describe('keep-shared', () => {
  const report = runConformance(keepShared, OPTIONS);

  test('two-backend: bounded falls and nothing else; memory is held twice', () => {
    expect(cellsOf(report, 'two-backend').map(invariantsOf)).toEqual(KERNEL_BACKENDS.map(() => ['bounded live']));
    expect(cellsOf(report, 'in-place').map(({ outcome }) => outcome)).toEqual(['n-a', 'n-a']);
    expect(report.verdict).toBe('broken');
  });

  test('after the six steps the device reads what the guest wrote last', () => {
    const { steps, cost } = runHistory(keepShared, parseHistory(`${SIX_STEPS.join('; ')}; convert(0+1,private); touch(0)`));
    expect(steps[6]!.answer).toBe('0 0xa2');
    // The ROM and eight pages of RAM, all pinned from the start, and a private frame on top.
    expect(cost).toMatchObject({ mapCalls: 3, peakMappings: 3, peakFrames: 10 });
  });
});

describe('blocked', () => {
  test('is not applicable: no device can be attached', () => {
    const report = runConformance(blocked, OPTIONS);
    expect(report.cells.map(({ outcome }) => outcome)).toEqual(['n-a', 'n-a', 'n-a', 'n-a']);
    expect(report).toMatchObject({ verdict: 'holds', notApplicable: true, failedCases: [], properties: { runs: 0 } });
    expect(report.cells.flatMap(({ broken }) => broken)).toEqual([]);
  });

  test('an attach answers EBUSY and leaves nothing, and conversions go on', () => {
    for (const backend of KERNEL_BACKENDS) {
      const line = `world(containers=c0:${backend}); attach(c0); convert(0+1,shared); dma(c0,0,read); convert(0+1,private)`;
      const { world, answers, violations } = judged(blocked, line);
      expect(answers).toEqual(['-EBUSY', '0', 'not attached', '0']);
      expect(violations).toEqual([]);
      expect(world.containers[0]!.kernel.mapCalls).toBe(0);
      expect(world.memory.coordination).toMatchObject({ required: 1, uncoordinatedDisabled: 0 });
    }
  });

  test('the case of absence is the one that says so', () => {
    const cases = CASES.filter(({ id }) => id === 'absent/assignment');
    expect(runConformance(blocked, { cases }).cases).toEqual({ total: 1, passed: 1, failed: 0, skipped: 0 });
    expect(runConformance(keepShared, { cases, runs: 0 }).cases).toEqual({ total: 1, passed: 0, failed: 0, skipped: 1 });
  });
});
