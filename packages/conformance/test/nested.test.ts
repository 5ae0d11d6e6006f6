// SPDX-License-Identifier: MIT
/* One operation inside another: when it runs, when it waits, what is judged, and what a design must not do with a lock. */
import { lockedInstance, type Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  audit,
  explain,
  type History,
  type NestedFate,
  type NestedOperation,
  parseHistory,
  randomHistory,
  runHistory,
  runNested,
  type RunResult,
  uncoordinated,
  World,
} from '../src/index.ts';
import { shortenWhile } from '../src/suite/shorten-while.ts';
import { whyNotInside } from '../src/world/locks.ts';
import { reference } from './strategies/reference.ts';
import { settings } from './support/settings.ts';

/** The reference without its lock, or with other wrong uses of one. */
function using(create: Strategy['create']): Strategy {
  return { ...reference, id: 'reference-otherwise', create };
}

const withoutLock = using((host, without) => reference.create({ ...host, lock: () => true, unlock: () => undefined }, without));

function run(strategy: Strategy, line: string): RunResult {
  return runHistory(strategy, parseHistory(line), { record: true });
}

const answersOf = ({ steps }: RunResult): string[] => steps.map(({ answer }) => answer);
const brokenBy = ({ violations }: RunResult): string[] => violations.map(({ invariant }) => invariant);

describe('when the inner operation runs', () => {
  test('nested/at-event: right after the entry of the log with that number, and the outer one goes on', () => {
    const { steps, nested } = run(uncoordinated, 'convert(0+1,shared); at(1,touch(0))');
    expect(nested).toEqual(['inside']);
    expect(steps[0]!.events.map(({ kind }) => kind)).toEqual(['attributes', 'nested', 'populate', 'cpu', 'nested', 'discard']);
    expect(steps[1]).toEqual({ answer: '0 0xa1', events: [] });
  });

  test('nested/inside-a-call: a frame that a map call makes stands for the call', () => {
    const kinds = (event: number): string[] =>
      run(withoutLock, `attach(c0); convert(0+1,shared); at(${event},dma(c0,0,write))`).steps[1]!.events.map(({ kind }) => kind);
    expect(kinds(2)).toEqual(['attributes', 'populate', 'map', 'nested', 'device', 'cpu', 'nested', 'discard']);
    expect(kinds(3)).toEqual(kinds(2));
  });

  test('nested/never: an event that does not come is said, and nothing was done', () => {
    const result = run(uncoordinated, 'convert(0+1,shared); at(3,attach(c0)); detach(c0)');
    expect([result.nested, answersOf(result)]).toEqual([['never'], ['0', 'not reached: 2 events', 'not attached']]);
  });

  test('nested/alone: an at with nothing before it does nothing', () => {
    const operations: History['operations'] = [{ op: 'at', event: 1, operation: { op: 'attach', container: 'c0' } }];
    const { steps } = runHistory(uncoordinated, { world: parseHistory('dump').world, operations });
    expect(steps.map(({ answer }) => answer)).toEqual(['nothing to run inside']);
  });

  test('nested/counts: events are those of the outer operation, as many as the log has without an inner one', () => {
    const prepare = (): World => {
      const { world: spec, operations } = parseHistory('world(containers=c0:iommufd,c1:type1v2); attach(c0); attach(c1)');
      const world = new World(spec, reference, { record: true });
      for (const operation of operations) world.apply(operation);
      return world;
    };
    const [convert, inner] = parseHistory('convert(0+2,shared); dma(c0,0,read)').operations;
    const plain = prepare();
    const before = plain.events.length;
    plain.apply(convert!);
    const { machine } = prepare();
    // The fourth is a frame inside a call, which is the fifth.
    const { eventCount, afterEvent, fate } = runNested(machine, convert!, 4, inner!);
    expect([eventCount, afterEvent, fate]).toEqual([plain.events.length - before, 5, 'inside']);
  });

  test('nested/again-and-again: one machine takes any number of them, and plain operations between', () => {
    const world = new World(parseHistory('dump').world, reference);
    const [attach, share, unshare, dma] = parseHistory('attach(c0); convert(0+2,shared); convert(0+2,private); dma(c0,0,read)').operations;
    world.apply(attach!);
    const fates = new Set<NestedFate>();
    for (let round = 0; round < 50; round += 1) {
      fates.add(runNested(world.machine, share!, 1 + (round % 4), dma!).fate);
      expect(world.apply(dma!)).toBe('0 0x0');
      fates.add(runNested(world.machine, unshare!, 9, dma!).fate);
      expect(world.apply(dma!)).toBe('-EFAULT');
    }
    const { judge, memory, layout, containers } = world;
    const audited = audit(memory, layout, containers, (position) => judge.isPlugged(position));
    expect([[...fates], judge.violations, audited]).toEqual([['inside', 'never'], [], []]);
  });
});

describe('who keeps whom out', () => {
  const why = (outer: string, inner: string): string | undefined => {
    const { operations } = parseHistory(`world(vmem=2x2, containers=c0:iommufd,c1:iommufd+viommu); ${outer}; ${inner}`);
    return whyNotInside(operations[0]!, operations[1]!);
  };
  const bigLock = ['plug(m0,0+1)', 'unplug(m0,0+1)', 'unplug-all(m0)', 'add-source(m0)', 'del-source(m0)', 'attach(c0)', 'detach(c0)', 'balloon(0+1)', 'viommu-map(c1,0,0+1)', 'viommu-unmap(c1,0+1)', 'migrate(start)'];
  const stopping = ['reset', 'dump', 'cpr(c0)', 'migrate(finish)', 'migrate(load)'];
  const onVcpu = ['convert(0+1,shared)', 'request(0x0+0x1000,shared)'];
  const accesses = ['touch(0)', 'read(0)', 'dma(c0,0,read)'];

  test('locks/big-lock: operations under it exclude each other, conversions and accesses come in', () => {
    const inside = [...bigLock, ...stopping];
    for (const outer of bigLock) {
      expect(inside.map((inner) => why(outer, inner))).toEqual(inside.map(() => 'both need the big lock'));
      expect([...onVcpu, ...accesses].map((inner) => why(outer, inner))).toEqual(Array(5).fill(undefined));
    }
  });

  test('locks/vcpu: a conversion lets everything in but who waits for its vCPU', () => {
    for (const outer of onVcpu) {
      expect([...bigLock, ...onVcpu, ...accesses].map((inner) => why(outer, inner))).toEqual(Array(bigLock.length + 5).fill(undefined));
      expect(stopping.map((inner) => why(outer, inner))).toEqual(stopping.map(() => 'the vCPU is waited for'));
    }
  });

  test('locks/stopped: who has stopped the vCPUs is met by devices only', () => {
    for (const outer of stopping) {
      expect([...onVcpu, 'touch(0)', 'read(0)'].map((inner) => why(outer, inner))).toEqual(Array(4).fill('the vCPUs are stopped'));
      expect(why(outer, 'dma(c0,0,read)')).toBeUndefined();
    }
  });

  test('locks/access: nothing runs inside a single access, and faults come between operations', () => {
    for (const outer of accesses) expect(why(outer, 'convert(0+1,shared)')).toBe('an access is one step');
    for (const stage of ['heal', 'refuse(c0,map,1,ENOMEM)']) {
      expect([why(stage, 'dma(c0,0,read)'), why('convert(0+1,shared)', stage)]).toEqual(Array(2).fill('faults are planned and lifted between operations'));
    }
  });

  test('locks/forbidden: is answered, and nothing was done', () => {
    const result = run(reference, 'world(containers=c0:iommufd,c1:iommufd); attach(c0); at(1,attach(c1)); dma(c1,0,read)');
    expect([result.nested, answersOf(result)]).toEqual([['forbidden'], ['0', 'forbidden: both need the big lock', 'not attached']]);
  });
});

describe('locks of a design', () => {
  const LINE = 'world(containers=c0:iommufd,c1:iommufd, pages=4); attach(c0); convert(0+1,shared); at(1,attach(c1)); dma(c1,0,write)';

  test('locks/waits: an inner operation that asks for a lock runs when the outer one is over, and did nothing before', () => {
    const result = run(reference, LINE);
    expect([result.nested, answersOf(result), brokenBy(result)]).toEqual([['after'], ['0', '0', '0', '0 0xa1'], []]);
    const sequential = run(reference, LINE.replace('at(1,attach(c1))', 'attach(c1)'));
    const events = ({ steps }: RunResult): unknown[] => steps.flatMap((step) => step.events).filter(({ kind }) => kind !== 'nested');
    expect(events(result)).toEqual(events(sequential));
    expect(result.cost).toEqual(sequential.cost);
  });

  test('locks/between-calls: a design is entered where the outer operation does not stand in it', () => {
    const { nested, steps } = run(reference, 'world(pages=2); attach(c0); at(2,convert(1+1,shared)); dma(c0,1,write)');
    expect([nested, steps.map(({ answer }) => answer)]).toEqual([['inside'], ['0', '0', '0 0xa1']]);
  });

  test('locks/detach-waits: an abandoned detach leaves the device where it was', () => {
    const result = run(reference, 'attach(c0); convert(0+2,shared); at(3,detach(c0)); attach(c0); dma(c0,1,write)');
    expect([result.nested, answersOf(result), brokenBy(result)]).toEqual([['after'], ['0', '0', '0', '0', '0 0xa1'], []]);
  });

  test('locks/migration-waits: an abandoned start has not begun', () => {
    const result = run(reference, 'touch(0); convert(1+1,shared); at(1,migrate(start)); migrate(start); migrate(finish)');
    expect([result.nested, answersOf(result).slice(2), brokenBy(result)]).toEqual([['after'], ['0, 8 pages', 'migrating already', '0, 0 pages'], []]);
  });

  test('locks/blocked: one that would wait half done is undecided, whatever comes after', () => {
    const line = 'world(vmem=2x2/1, containers=c0:iommufd); attach(c0); convert(0+1,shared); at(2,plug(m0,0+1)); dma(c0,0,read)';
    const result = run(reference, line);
    expect([result.nested, result.undecided, answersOf(result)]).toEqual([['blocked'], true, ['0', 'blocked in the middle', 'blocked in the middle', 'undecided']]);
    expect(brokenBy(result)).toEqual([]);
  });

  test('locks/swallowed: a design that catches the wait and goes on is undecided too', () => {
    const swallowing = using((host, without) => {
      const lock = (name: string): boolean => {
        try {
          return host.lock(name);
        } catch {
          return true;
        }
      };
      return reference.create({ ...host, lock }, without);
    });
    expect(run(swallowing, LINE)).toMatchObject({ nested: ['blocked'], undecided: true });
  });

  test.each([
    ['taken twice', using((host, without) => lockedInstance(reference.create(host, without), host, 'reference')), 'would wait for itself'],
    ['never given back', using((host, without) => reference.create({ ...host, unlock: () => undefined }, without)), 'was never given back|would wait for itself'],
    ['given back without being had', using((host, without) => reference.create({ ...host, lock: () => true }, without)), 'does not have'],
    ['no name', using((host, without) => lockedInstance(reference.create({ ...host, lock: () => true, unlock: () => undefined }, without), host, '')), 'a lock is a name'],
  ])('locks/misuse: a lock that is %s ends the VMM', (_, strategy, message) => {
    const { violations } = run(strategy, 'attach(c0); convert(0+1,shared)');
    expect(violations[0]).toMatchObject({ invariant: 'nonfatal', evidence: { detail: expect.stringMatching(message) } });
  });

  test('locks/cleaning-up: giving back in a finally what was never had is no misuse of one that waits', () => {
    const careless = using((host, without) => {
      const inner = reference.create({ ...host, lock: () => true, unlock: () => undefined }, without);
      const alone = <T>(act: () => T): T => {
        try {
          host.lock('careless');
          return act();
        } finally {
          host.unlock('careless');
        }
      };
      return { ...inner, convert: (...given) => alone(() => inner.convert(...given)), subscribe: (...given) => alone(() => inner.subscribe(...given)) };
    });
    expect(run(careless, LINE)).toMatchObject({ nested: ['after'], violations: [] });
  });
});

describe('what is judged', () => {
  test('judge/transit: pages of the outer operation stay in transit while the inner one is under way and over', () => {
    // The old frame is gone, and the page still mapped: stale, if it were at rest.
    const result = run(uncoordinated, 'world(pages=1); convert(0+1,shared); touch(0); attach(c0); convert(0+1,private); at(2,dma(c0,0,read))');
    const stale = result.violations.find(({ invariant }) => invariant === 'coherent');
    expect([result.nested, stale]).toEqual([['inside'], undefined]);
  });

  test('judge/both-done: what the inner one touched is asked for when the outer one is over', () => {
    const line = 'world(containers=c0:iommufd,c1:iommufd, pages=1); attach(c0); convert(0+1,shared); at(3,attach(c1))';
    const { violations, nested } = run(withoutLock, line);
    expect(nested).toEqual(['inside']);
    expect(violations.map(({ invariant, operationIndex }) => [invariant, operationIndex])).toContainEqual(['complete', 1]);
    expect(violations.map(({ invariant }) => invariant)).toContain('hotplug');
  });

  test('judge/not-its-own: a refused outer operation owes nothing for what the inner one did', () => {
    const line = 'world(containers=c0:iommufd,c1:iommufd, pages=4); attach(c0); attach(c1); refuse(c0,map,1,ENOMEM); convert(0+1,shared); at(3,touch(0))';
    const result = run(withoutLock, line);
    expect([result.nested, answersOf(result)[3], brokenBy(result)]).toEqual([['inside'], '-EAGAIN', []]);
  });

  test('judge/words: an explanation says what ran inside what, and how deep', () => {
    const line = 'world(containers=c0:type1v2,c1:type1v2, pages=1); attach(c0); convert(0+1,shared); at(3,attach(c1))';
    const { violations } = run(withoutLock, line);
    const complete = violations.find(({ invariant }) => invariant === 'complete')!;
    expect(explain(complete, parseHistory(line))).toMatch(
      /^Let operation 2, convert\(0\+1,shared\), be done with attach\(c1\) inside it, after its event 3 \(nested, bound 1\)\. Then page 0/,
    );
    expect(explain({ ...complete, operationIndex: 2 }, parseHistory(line))).toMatch(/\(nested, bound 1\), as far as the inner one\. Then/);
  });

  test('judge/planted: without the lock random histories with an operation inside another fall, with it they hold', () => {
    const found = (strategy: Strategy): number =>
      fc.sample(nestedHistories, { seed: 3, numRuns: 400 }).filter((history) => runHistory(strategy, history).violations.length > 0).length;
    expect([found(reference), found(withoutLock) > 0]).toEqual([0, true]);
  });

  test('judge/replay: any history with operations inside others goes the same way twice', () => {
    fc.assert(
      fc.property(nestedHistories, (history) => {
        const seen = (): unknown => {
          const { witnesses: _witnesses, ...rest } = runHistory(withoutLock, history, { record: true });
          return rest;
        };
        expect(seen()).toEqual(seen());
      }),
      settings(60),
    );
  });
});

/** Random histories in which every third operation runs inside the one before it. */
const nestedHistories: fc.Arbitrary<History> = fc
  .tuple(randomHistory(reference, 'iommufd', 'two-backend'), fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 7, maxLength: 7 }))
  .filter(([{ world }]) => world.vmem.every(({ memslotBlocks }) => memslotBlocks === undefined))
  .map(([{ world, operations }, events]) => ({
    world,
    operations: operations.map((operation, at) =>
      at % 3 === 1 ? { op: 'at', event: events[Math.floor(at / 3)]!, operation: operation as NestedOperation['operation'] } : operation,
    ),
  }));

describe('a history that is made shorter', () => {
  const line = 'attach(c0); touch(1); convert(0+1,shared); at(1,attach(c1)); touch(0); dma(c1,0,read)';
  const history = parseHistory(`world(containers=c0:iommufd,c1:iommufd); ${line}`);
  const ops = ({ operations }: History): string[] => operations.map(({ op }) => op);

  test('shorten/at-alone: never begins with an at, nor has two in a row', () => {
    const tried: History[] = [];
    shortenWhile(history, (one) => {
      tried.push(one);
      return one.operations.length > 2;
    });
    const isLegal = ({ operations }: History): boolean =>
      operations.every(({ op }, at) => op !== 'at' || (at > 0 && operations[at - 1]!.op !== 'at'));
    expect(tried.filter((one) => !isLegal(one))).toEqual([]);
  });

  test('shorten/inner-stays: what only the inner operation shows keeps it by itself', () => {
    const shortest = shortenWhile(history, ({ operations }) => JSON.stringify(operations).includes('"attach","container":"c1"'));
    expect([ops(shortest), shortest.world.containers.map(({ name }) => name)]).toEqual([['attach'], ['c1']]);
  });

  test('shorten/both-stay: a container that only the inner operation names is kept', () => {
    const shortest = shortenWhile(history, (one) => ops(one).includes('at'));
    expect(ops(shortest)).toHaveLength(2);
    expect(ops(shortest)[1]).toBe('at');
  });
});
