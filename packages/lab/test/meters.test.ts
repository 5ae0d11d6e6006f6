// SPDX-License-Identifier: MIT
// What conversions cost on flat bitmaps, design by design: the search bound of 10.2.2 and 11.1 grows with the guest, the
// others' cost does not. A design that no meter asks does what it does.
import { type Operation, parseHistory, World, type WorldInput, worldSpec } from '@sda-lab/conformance';
import { CostMeter } from '@sda-lab/guest-memory';
import { describe, expect, it } from 'vitest';
import { STRATEGIES } from '../src/index.ts';

const strategyOf = (id: string): (typeof STRATEGIES)[number] => STRATEGIES.find((strategy) => strategy.id === id)!;

/** What the operations cost, those of `setup` left out. */
function meterOf(id: string, pages: number, operations: readonly Operation[], setup: readonly Operation[] = [], vmem: WorldInput['vmem'] = []): CostMeter {
  const meter = new CostMeter();
  const world = new World(worldSpec({ pages, vmem, containers: [{ name: 'c0', backend: 'iommufd' }] }), strategyOf(id), { meter });
  for (const operation of setup) world.apply(operation);
  meter.clear();
  for (const operation of operations) world.apply(operation);
  return meter;
}

const operationsOf = (line: string): readonly Operation[] => parseHistory(`world(pages=4096, vmem=2x4); ${line}`).operations;

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

describe('words of 4096 pages, 64 in all', () => {
  const shareAll = operationsOf('convert(0+4096,shared)');
  const unshareOne = operationsOf('convert(0+1,private)');
  const share2M = operationsOf('convert(512+512,shared)');
  const unshare2M = operationsOf('convert(512+512,private)');
  const attach = operationsOf('attach(c0)');

  it.each([
    // A set bit is found in the first word, the search for a clear one goes to the end.
    ['ram-block-attributes', 'one page of an all shared guest taken back', unshareOne, shareAll, 1 + 64],
    ['multi-source-rdm', 'one page of an all shared guest taken back', unshareOne, shareAll, 1 + 64],
    // Both searches end in the first word, then each of four bits is tested.
    ['ram-block-attributes', 'four pages of which one is shared', operationsOf('convert(0+4,shared)'), operationsOf('convert(1+1,shared)'), 2 + 4],
    // Plugged and mapped, side by side; then what is mapped.
    ['extended-rdm', '2 MiB shared with a device there', share2M, attach, 2 * 8],
    ['extended-rdm', '2 MiB taken back', unshare2M, [...attach, ...share2M], 8],
    ['extended-rdm', 'an attach: shared, plugged and mapped', attach, [], 3 * 64],
    // What is plugged it asks the block's manager; a block without one is plugged.
    ['notifier-list', '2 MiB shared with a device there', share2M, attach, 8],
    ['notifier-list', '2 MiB taken back', unshare2M, [...attach, ...share2M], 8],
    ['notifier-list', 'an attach: shared and mapped', attach, [], 2 * 64],
    // A bit for each page; then the start and the end of the run.
    ['dma-mapping-tracker', '2 MiB shared', share2M, attach, 512],
    ['dma-mapping-tracker', '2 MiB taken back', unshare2M, [...attach, ...share2M], 1 + 8],
    ['dma-mapping-tracker', 'an attach: what is shared', attach, [], 64],
    ['rdm-private-as-discarded', '2 MiB shared', share2M, attach, 1 + 8],
  ])('%s, %s', (id, _what, operations, setup, words) => {
    expect(meterOf(id, 4096, operations, setup).bitmapWords).toBe(words);
  });
});

describe('questions about a virtio-mem of two blocks of four pages beside 16 pages', () => {
  const VMEM: WorldInput['vmem'] = [{ blockCount: 2, blockPages: 4 }];
  const probesOf = (id: string, line: string, setup = ''): number => {
    return meterOf(id, 16, operationsOf(line), setup === '' ? [] : operationsOf(setup), VMEM).probes;
  };

  it('11.1 asks each source about each page until one says no', () => {
    // 16 pages of the attributes; of 8 more the virtio-mem says no at once.
    expect(probesOf('multi-source-rdm', 'attach(c0)')).toBe(16 + 8);
    // Four are plugged now: the attributes are asked about those as well.
    expect(probesOf('multi-source-rdm', 'attach(c0)', 'plug(m0,0+1)')).toBe(16 + 8 + 4);
  });

  it('11.1 asks a source that joins about its own blocks, and the others about what it calls discarded', () => {
    expect(probesOf('multi-source-rdm', 'add-source(m0)', 'del-source(m0); attach(c0)')).toBe(2 + 8);
  });

  it('design 1 asks the stock manager block by block', () => {
    expect(probesOf('notifier-list', 'attach(c0)')).toBe(2);
    expect(probesOf('extended-rdm', 'attach(c0)')).toBe(0);
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
