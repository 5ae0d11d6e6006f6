// SPDX-License-Identifier: MIT
// What conversions cost on flat bitmaps, design by design: the search bound of 10.2.2 and 11.1 grows with the guest, the
// others' cost does not. A design that no meter asks does what it does.
import { type Operation, parseHistory, World, worldSpec } from '@sda-lab/conformance';
import { CostMeter } from '@sda-lab/guest-memory';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';

const strategyOf = (id: string): (typeof STRATEGIES)[number] => STRATEGIES.find((strategy) => strategy.id === id)!;

function meterOf(id: string, pages: number, operations: readonly Operation[]): CostMeter {
  const meter = new CostMeter();
  const world = new World(worldSpec({ pages, containers: [{ name: 'c0', backend: 'iommufd' }] }), strategyOf(id), { meter });
  for (const operation of operations) world.apply(operation);
  return meter;
}

const operationsOf = (line: string): readonly Operation[] => parseHistory(`world(); ${line}`).operations;

describe('one page shared in a guest that is all private', () => {
  const share = operationsOf('convert(0+1,shared)');
  const wordsOf = (id: string, pages: number): number => meterOf(id, pages, share).bitmapWords;

  it.each(['ram-block-attributes', 'multi-source-rdm'])('%s searches to the end of the bitmap', (id) => {
    // The search for a set bit reads all of the block, the one for a clear bit the first word.
    expect(wordsOf(id, 8192) - wordsOf(id, 4096)).toBe(4096 / 64);
  });

  it.each(['extended-rdm', 'notifier-list', 'dma-mapping-tracker', 'rdm-private-as-discarded', 'extended-rdm-as-posted'])(
    '%s reads as much in a guest twice as large',
    (id) => {
      expect(wordsOf(id, 8192)).toBe(wordsOf(id, 4096));
    },
  );
});

describe('a device attached to a guest that is all private', () => {
  const attach = operationsOf('attach(c0)');

  it('11.1 asks for each page, or as if it had', () => {
    const { probes, notifications } = meterOf('multi-source-rdm', 4096, attach);
    expect([probes, notifications]).toEqual([4096, 0]);
  });

  it('10.2.2 reads its bitmap to the end from where each of the two sections begins', () => {
    expect(meterOf('ram-block-attributes', 4096, attach).bitmapWords).toBe(4096 / 64 + 2048 / 64);
  });
});

describe('telling', () => {
  const history = operationsOf('attach(c0); convert(0+4,shared); convert(1+2,private)');

  it.each([
    ['ram-block-attributes', 2],
    ['multi-source-rdm', 2],
    ['rdm-private-as-discarded', 2],
    ['extended-rdm', 2],
    ['notifier-list', 2],
    ['dma-mapping-tracker', 5],
  ])('%s tells its device %i times of two conversions', (id, times) => {
    expect(meterOf(id, 16, history).notifications).toBe(times);
  });
});

it('a meter changes nothing of what is done', () => {
  const history = operationsOf('convert(0+3,shared); attach(c0); convert(1+1,private); convert(0+4,shared)');
  for (const strategy of STRATEGIES) {
    const spec = worldSpec({ pages: 16, containers: [{ name: 'c0', backend: 'type1v2' }] });
    const [metered, plain] = [new World(spec, strategy, { meter: new CostMeter(), record: true }), new World(spec, strategy, { record: true })];
    for (const operation of history) expect(metered.apply(operation)).toBe(plain.apply(operation));
    expect(metered.events).toEqual(plain.events);
  }
});
