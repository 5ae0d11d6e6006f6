// SPDX-License-Identifier: MIT
import { ERRNO, type Instance, type PlugSource } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { eventText, parseHistory, runHistory, uncoordinated, World } from '../src/index.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { judged } from './support/judged.ts';

const MEMSLOTS = 'world(pages=2, vmem=4x1/2)';

function eventsOf(line: string, operation: number): string[] {
  return runHistory(reference, parseHistory(line), { record: true }).steps[operation - 1]!.events.map(eventText);
}

function sectionNames(world: World): string[] {
  return world.memory.addressSpace.sections.map(({ name }) => name);
}

describe('a plug source', () => {
  test('is asked for at the start, unless it is a second one of a block', () => {
    const joined: string[] = [];
    const listens = planted('listens', () => ({
      instance: (instance) => ({
        ...instance,
        attachSource: (block, source) => {
          joined.push(`${source.name} over ${block.name}, ${source.granulePages}`);
          return instance.attachSource(block, source);
        },
      }),
    }));
    judged(listens, 'world(pages=2, vmem=2x2,1x4@m0,1x1); add-source(m1)');
    expect(joined).toEqual(['m0 over m0, 2', 'm2 over m2, 1', 'm1 over m0, 4']);
  });

  test('that is not there answers its guest, and neither the design nor the memory hears of it', () => {
    const line = 'world(pages=2, vmem=2x2,4x1@m0); attach(c0); plug(m0,0+1); convert(2+2,shared); touch(2); plug(m1,0+4); unplug(m1,0+2); dma(c0,2,read)';
    const { answers, violations } = judged(reference, line);
    expect(answers).toEqual(['0', 'ACK', '0', '0 0xa1', 'ACK', 'ACK', '0 0xa1']);
    expect(violations).toEqual([]);
    expect(eventsOf(line, 6)).toEqual([]);
  });

  test('joins and leaves once', () => {
    const line = 'world(pages=2, vmem=1x2); add-source(m0); del-source(m0); del-source(m0); add-source(m0)';
    expect(judged(reference, line).answers).toEqual(['joined already', '0', 'not joined', '0']);
  });

  test('that comes frees what it calls unplugged, when the design has unmapped it', () => {
    const line = 'world(pages=2, vmem=2x1); del-source(m0); attach(c0); convert(2+2,shared); plug(m0,0+1); add-source(m0)';
    expect(eventsOf(line, 5)).toEqual([
      'unmap c0 gfn [0x140001, 0x140002)',
      'm0 [0x0, 0x1) is plugged',
      'm0 [0x1, 0x2) is unplugged',
      'discard shared side of m0 [0x1, 0x2)',
      'discard private side of m0 [0x1, 0x2)',
    ]);
  });

  test('that could not go frees what mapping filled again', () => {
    const line = 'world(pages=2, vmem=1x2); attach(c0); convert(2+2,shared); refuse(c0,map,2,ENOMEM); del-source(m0); heal; dma(c0,3,write)';
    const { answers, violations } = judged(reference, line);
    expect(answers).toEqual(['0', '0', '0', '-ENOMEM', '0, 1 retried', '0 0xa1']);
    expect(violations).toEqual([]);
  });

  test('of which a design takes one is refused for good, and nobody repeats it', () => {
    const line = 'world(pages=2, vmem=1x2,2x1@m0); attach(c0); add-source(m1); heal';
    expect(judged(reference, line).answers).toEqual(['0', '-EBUSY', '0']);
  });

  test('that was refused and found its block taken is no request any more', () => {
    const line = 'world(pages=2, vmem=1x2,2x1@m0); del-source(m0); convert(2+1,shared); attach(c0); refuse(c0,unmap,1,EBUSY,once); add-source(m1); add-source(m0); heal';
    const { answers, violations } = judged(reference, line);
    expect(answers.slice(-3)).toEqual(['-EBUSY', '0', '0, 1 retried']);
    expect(violations).toEqual([]);
  });

  test('makes a page usable when all sources of its block say so', () => {
    const seen: boolean[] = [];
    const sources: PlugSource[] = [];
    const takesAll = planted('takes-all', () => ({
      instance: (instance): Instance => ({
        ...instance,
        attachSource: (_block, source) => (sources.push(source), 0),
        plug: { ...instance.plug, willPlug: () => 0, willUnplug: () => 0 },
      }),
    }));
    const history = parseHistory('world(pages=2, vmem=1x2,2x1@m0); add-source(m1); plug(m1,0+1); plug(m0,0+1); unplug(m1,0+1); plug(m1,0+2)');
    const world = new World(history.world, takesAll);
    for (const operation of history.operations) {
      world.apply(operation);
      seen.push(world.judge.isPlugged(2), world.judge.isPlugged(3));
    }
    expect(sources).toHaveLength(2);
    expect(seen).toEqual([false, false, false, false, true, false, false, false, true, true]);
  });

  test('of a device the design refused is not there to come', () => {
    const line = 'world(pages=2, vmem=1x2,2x1@m0); add-source(m0); add-source(m1); plug(m1,0+1)';
    expect(judged(uncoordinated, line).answers).toEqual(Array.from({ length: 3 }, () => 'no such device in this design'));
  });
});

describe('a dynamic memslot', () => {
  test('is a section while something is plugged in it', () => {
    const history = parseHistory(`${MEMSLOTS}; plug(m0,1+2); unplug(m0,1+1); unplug-all(m0)`);
    const world = new World(history.world, reference);
    const names = history.operations.map((operation) => (world.apply(operation), sectionNames(world).filter((name) => name.startsWith('m0'))));
    expect(names).toEqual([['m0-memslot0', 'm0-memslot1'], ['m0-memslot1'], []]);
  });

  test('comes before anything is plugged in it, and goes when all of it is told', () => {
    const line = `${MEMSLOTS}; attach(c0); plug(m0,0+1); convert(2+1,shared); unplug(m0,0+1)`;
    expect(eventsOf(line, 2)).toEqual(['section m0-memslot0 comes at gfn [0x140000, 0x140002)', 'm0 [0x0, 0x1) is plugged']);
    expect(eventsOf(line, 4)).toEqual([
      'unmap c0 gfn [0x140000, 0x140001)',
      'discard shared side of m0 [0x0, 0x1)',
      'discard private side of m0 [0x0, 0x1)',
      'm0 [0x0, 0x1) is unplugged',
      'section m0-memslot0 goes',
    ]);
  });

  test('is followed by attached devices only, and by one that comes later', () => {
    const history = parseHistory(`world(pages=2, vmem=4x1/2, containers=c0:type1v2,c1:iommufd); attach(c0); plug(m0,0+1); attach(c1); plug(m0,2+1); detach(c0); unplug-all(m0)`);
    const world = new World(history.world, reference);
    const followed = history.operations.map((operation) => (world.apply(operation), world.containers.map(({ listener }) => listener.sections.length)));
    expect(followed).toEqual([[3, 0], [4, 0], [4, 4], [5, 5], [0, 5], [0, 3]]);
  });

  test('refused by the second device leaves the first as it was', () => {
    // Two sections of one page, the memslots of KVM, and one page more than the limit takes.
    const history = parseHistory('world(pages=2, vmem=2x4/1, containers=c0:iommufd,c1:type1v2, limit=32766); attach(c0); attach(c1); plug(m0,0+1); plug(m0,1+1)');
    const world = new World(history.world, reference);
    const answers = history.operations.map((operation) => world.apply(operation));
    expect(answers.slice(0, 2)).toEqual(['0', '0']);
    expect(answers.slice(2)).toEqual(['BUSY', 'BUSY']);
    expect(world.containers.map(({ listener }) => listener.sections.length)).toEqual([3, 3]);
    expect(sectionNames(world)).toEqual(['ram-below-4g', 'rom', 'ram-above-4g']);
    world.finish();
    expect(world.judge.violations).toEqual([]);
  });

  test('that exceeds the mapping limit is BUSY for good, and nobody owes a retry', () => {
    const line = 'world(pages=2, vmem=1x4/1, limit=32764); attach(c0); plug(m0,0+1); heal';
    expect(judged(reference, line).answers).toEqual(['0', 'BUSY', '0']);
  });

  test('has no side while it is not there: a plug that is refused changes none', () => {
    const refuses = planted('refuses', () => ({
      instance: (instance) => ({ ...instance, plug: { ...instance.plug, willPlug: () => -ERRNO.ENOMEM } }),
    }));
    const line = 'world(pages=2, vmem=1x1/1); plug(m0,0+1); heal';
    expect(judged(refuses, line).violations.map(({ invariant }) => invariant)).toEqual(['progress']);
  });
});
