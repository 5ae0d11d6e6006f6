// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Answer } from '../src/index.ts';
import { createBench, stateText, type Bench } from './support/bench.ts';

/** 8 blocks, 6 asked for; blocks 2, 3 and 4 are plugged. */
function halfFull(): Bench {
  const bench = createBench();
  bench.device.plug(2, 3);
  bench.take();
  return bench;
}

describe('PLUG', () => {
  const table: readonly [first: number, count: number, answer: Answer, why: string][] = [
    [0, 2, 'ACK', 'unplugged blocks are plugged'],
    [5, 3, 'ACK', 'the last block of the region is usable'],
    [0, 0, 'ERROR', 'no blocks at all are an invalid range'],
    [8, 1, 'ERROR', 'a block behind the region is invalid'],
    [7, 2, 'ERROR', 'a range that leaves the region is invalid'],
    [-1, 1, 'ERROR', 'a block below the device is invalid'],
    [-1, 2, 'ERROR', 'a range that enters the region from below is invalid'],
    [2, 1, 'ERROR', 'a plugged block cannot be plugged again'],
    [1, 2, 'ERROR', 'a range with one plugged block cannot be plugged'],
    [0, 4, 'NACK', 'more than the requested size is refused'],
  ];
  for (const [first, count, answer, why] of table) {
    test(`${why}: ${answer}`, () => {
      const bench = halfFull();
      expect(bench.device.plug(first, count)).toBe(answer);
    });
  }

  test('exactly the requested size can be plugged', () => {
    const { device } = createBench({ requestedBlocks: 6 });
    expect(device.plug(0, 6)).toBe('ACK');
    expect(device.plug(6, 1)).toBe('NACK');
  });
});

describe('UNPLUG', () => {
  const table: readonly [first: number, count: number, answer: Answer, why: string][] = [
    [2, 3, 'ACK', 'plugged blocks are unplugged'],
    [3, 1, 'ACK', 'one block in the middle is unplugged'],
    [0, 0, 'ERROR', 'no blocks at all are an invalid range'],
    [4, 5, 'ERROR', 'a range that leaves the region is invalid'],
    [0, 1, 'ERROR', 'an unplugged block cannot be unplugged'],
    [4, 2, 'ERROR', 'a range with one unplugged block cannot be unplugged'],
  ];
  for (const [first, count, answer, why] of table) {
    test(`${why}: ${answer}`, () => {
      const bench = halfFull();
      expect(bench.device.unplug(first, count)).toBe(answer);
    });
  }
});

describe('STATE', () => {
  test('a plugged, an unplugged and a mixed range are told apart', () => {
    const { device } = halfFull();
    expect(device.queryState(2, 3)).toEqual({ answer: 'ACK', state: 'PLUGGED' });
    expect(device.queryState(5, 3)).toEqual({ answer: 'ACK', state: 'UNPLUGGED' });
    expect(device.queryState(0, 8)).toEqual({ answer: 'ACK', state: 'MIXED' });
  });

  test('an invalid range has no state', () => {
    const { device } = halfFull();
    expect(device.queryState(8, 1)).toEqual({ answer: 'ERROR' });
    expect(device.queryState(2, 0)).toEqual({ answer: 'ERROR' });
  });

  test('a state is told while migrating', () => {
    const bench = halfFull();
    bench.migrating = true;
    expect(bench.device.queryState(2, 1)).toEqual({ answer: 'ACK', state: 'PLUGGED' });
  });

  test('asking for a state calls nobody', () => {
    const bench = halfFull();
    bench.device.queryState(0, 8);
    expect(bench.take()).toEqual([]);
  });
});

describe('check order', () => {
  test('an invalid range over the requested size is ERROR, not NACK', () => {
    const { device } = halfFull();
    expect(device.plug(0, 9)).toBe('ERROR');
  });

  test('plugged blocks over the requested size are NACK, not ERROR', () => {
    const { device } = halfFull();
    expect(device.plug(0, 5)).toBe('NACK');
    device.setRequestedPages(4 * 4);
    expect(device.plug(2, 3)).toBe('NACK');
  });

  test('too much while migrating is NACK, not BUSY', () => {
    const bench = halfFull();
    bench.migrating = true;
    expect(bench.device.plug(0, 4)).toBe('NACK');
  });

  test('blocks in the wrong state while migrating are ERROR, not BUSY', () => {
    const bench = halfFull();
    bench.migrating = true;
    expect(bench.device.plug(2, 1)).toBe('ERROR');
    expect(bench.device.unplug(0, 1)).toBe('ERROR');
  });

  test('a correct request while migrating is BUSY and calls nobody', () => {
    const bench = halfFull();
    bench.migrating = true;
    expect(bench.device.plug(0, 1)).toBe('BUSY');
    expect(bench.device.unplug(2, 1)).toBe('BUSY');
    expect(bench.device.unplugAll()).toBe('BUSY');
    expect(bench.take()).toEqual([]);
    expect(stateText(bench.device)).toBe('uuPPPuuu');
  });

  test('refused requests call nobody and change nothing', () => {
    const bench = halfFull();
    expect(bench.device.plug(0, 4)).toBe('NACK');
    expect(bench.device.plug(2, 1)).toBe('ERROR');
    expect(bench.device.unplug(0, 1)).toBe('ERROR');
    expect(bench.take()).toEqual([]);
    expect(stateText(bench.device)).toBe('uuPPPuuu');
    expect(bench.device.pluggedPages).toBe(12);
  });
});
