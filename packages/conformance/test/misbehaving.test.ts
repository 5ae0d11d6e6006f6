// SPDX-License-Identifier: MIT
// Designs that break the form of the ports: each ends its VMM with a message, and nothing else.
import { type Consumer, type Host, type Instance, NO_PLUG_EVENTS, type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { CASES, parseHistory, runConformance, runHistory } from '../src/index.ts';
import { reference } from './strategies/reference.ts';

/** The reference with members replaced; `use` gets the host and the right instance. */
function altered(use: (instance: Instance, host: Host) => Readonly<Record<string, unknown>>): Strategy {
  return {
    ...reference,
    id: 'altered',
    create: (host, without) => {
      const right = reference.create(host, without);
      return { ...right, ...use(right, host) };
    },
  };
}

const LINE = 'world(pages=2, vmem=1x1); attach(c0); convert(0+1,shared); plug(m0,0+1); dump; convert(0+1,private); unplug(m0,0+1); reset; detach(c0)';

/** How the VMM ended, and in which operation (-1: as the world was built). */
function endOf(strategy: Strategy, line: string = LINE): { detail: string | undefined; at: number | undefined } {
  const { violations } = runHistory(strategy, parseHistory(line));
  const ended = violations.find(({ invariant }) => invariant === 'nonfatal');
  expect(ended?.evidence.reason).toBe('vmm-ended');
  return { detail: ended?.evidence.detail, at: ended?.operationIndex };
}

const boom = (): never => {
  throw new Error('boom');
};

describe('a design that throws', () => {
  test('the reference itself ends nothing', () => {
    expect(runHistory(altered(() => ({})), parseHistory(LINE)).violations).toEqual([]);
  });

  test('in create, before it has an instance', () => {
    expect(endOf({ ...reference, create: boom })).toEqual({ detail: 'Error: boom', at: -1 });
  });

  test.each<[keyof Instance, number]>([
    ['addBlock', -1],
    ['attachSource', -1],
    ['subscribe', 0],
    ['convert', 1],
    ['runs', 3],
    ['reset', 6],
    ['unsubscribe', 7],
  ])('in %s', (member, at) => {
    expect(endOf(altered(() => ({ [member]: boom })))).toEqual({ detail: 'Error: boom', at });
  });

  test.each<[keyof Instance['plug'], number]>([
    ['willPlug', 2],
    ['plugged', 2],
    ['willUnplug', 5],
    ['discarded', 5],
    ['unplugged', 5],
  ])('in plug.%s', (event, at) => {
    expect(endOf(altered((instance) => ({ plug: { ...instance.plug, [event]: boom } })))).toEqual({ detail: 'Error: boom', at });
  });

  test.each<[string, unknown, string]>([
    ['null', null, 'null'],
    ['a text with lines', 'one\n  two', 'one two'],
    ['an object that does not print', { toString: boom }, 'something that cannot be printed'],
    ['a long text', 'x'.repeat(1000), `${'x'.repeat(200)}...`],
  ])('%s', (_, thrown, detail) => {
    const convert = (): never => {
      throw thrown;
    };
    expect(endOf(altered(() => ({ convert }))).detail).toBe(detail);
  });
});

describe('an answer that is no status', () => {
  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [1, '1'],
    [-0.5, '-0.5'],
    [-4096, '-4096'],
    ['0', '"0"'],
    [true, 'true'],
    [0n, '0n'],
    [{}, 'an object'],
    [Promise.resolve(0), 'a promise (the ports are synchronous)'],
  ])('%s is neither success nor refusal', (answer, shown) => {
    const detail = `PortError: convert answered ${shown}; a status is 0 or a negated errno such as -11 (EAGAIN)`;
    expect(endOf(altered(() => ({ convert: () => answer })))).toEqual({ detail, at: 1 });
  });

  test('minus zero is zero', () => {
    const { violations } = runHistory(altered((instance) => ({ convert: (...args: Parameters<Instance['convert']>) => -instance.convert(...args) })), parseHistory(LINE));
    expect(violations).toEqual([]);
  });

  test.each<[keyof Instance]>([['addBlock'], ['attachSource'], ['subscribe'], ['reset'], ['runs']])('of %s', (member) => {
    expect(endOf(altered(() => ({ [member]: () => 'ok' }))).detail).toContain(`PortError: ${member} answered "ok"`);
  });

  test('of plug.willPlug', () => {
    expect(endOf(altered((instance) => ({ plug: { ...instance.plug, willPlug: () => undefined } }))).detail).toContain('PortError: plug.willPlug answered undefined');
  });

  test.each<[keyof Instance]>([['unsubscribe']])('a promise of %s, which answers nothing', (member) => {
    expect(endOf(altered(() => ({ [member]: () => Promise.resolve() }))).detail).toBe(`PortError: ${member} answered a promise (the ports are synchronous)`);
  });

  test('a block that is refused ends the guest before it starts', () => {
    const detail = 'PortError: addBlock refused ram with -ENOMEM; no guest can start';
    expect(endOf(altered(() => ({ addBlock: () => -12 })))).toEqual({ detail, at: -1 });
  });
});

describe('an instance that lacks something', () => {
  test.each<[string, unknown]>([['undefined', undefined], ['null', null], ['a function', boom], ['"x"', 'x']])('%s is no instance', (shown, created) => {
    const { detail, at } = endOf({ ...reference, create: () => created as Instance });
    expect([detail?.startsWith(`PortError: create answered ${shown}; it answers an object with addBlock, `), at]).toEqual([true, -1]);
  });

  test.each<[keyof Instance]>([['addBlock'], ['subscribe'], ['unsubscribe'], ['convert'], ['runs'], ['reset'], ['attachSource']])('%s is named', (member) => {
    const detail = `PortError: the instance's ${member} is undefined; with these capabilities it must be a function`;
    expect(endOf(altered(() => ({ [member]: undefined })))).toEqual({ detail, at: -1 });
  });

  test('a plug event is named', () => {
    const { detail } = endOf(altered(() => ({ plug: { ...NO_PLUG_EVENTS, willPlug: 3 } })));
    expect(detail).toBe("PortError: the instance's willPlug is 3; with these capabilities it must be a function");
  });

  test('what its capabilities make pointless may be left out', () => {
    const left = { removeBlock: undefined, attachSource: undefined, detachSource: undefined, plug: undefined, reset: undefined, runs: undefined };
    const strategy: Strategy = {
      ...altered(() => left),
      capabilities: { ...reference.capabilities, virtioMem: false, views: false, reset: 'shutdown' },
    };
    const { violations, steps } = runHistory(strategy, parseHistory('world(vmem=1x1); attach(c0); convert(0+1,shared); dump; plug(m0,0+1); reset'));
    expect([violations.map(({ invariant }) => invariant), steps.map(({ answer }) => answer)]).toEqual([
      ['consumers-see'],
      ['0', '0', '0, 8 pages', 'no such device in this design', 'shutdown'],
    ]);
  });

  test('members of a class are called on their object', () => {
    class Counting {
      #count = 0;
      addBlock(): number {
        this.#count += 1;
        return 0;
      }
      subscribe(): number {
        return this.#count === 1 ? 0 : -22;
      }
      unsubscribe(): void {
        this.#count -= 1;
      }
      convert(): number {
        return 0;
      }
    }
    const capabilities = { ...reference.capabilities, virtioMem: false, views: false, reset: 'shutdown' } as const;
    const strategy: Strategy = { ...reference, capabilities, create: () => new Counting() as unknown as Instance };
    expect(runHistory(strategy, parseHistory('attach(c0); detach(c0)')).steps.map(({ answer }) => answer)).toEqual(['0', '0']);
  });
});

describe('a wrong argument to a port', () => {
  const onSubscribe = (act: (...args: Parameters<Instance['subscribe']>) => unknown): Strategy => altered(() => ({ subscribe: act }));
  const onConvert = (act: (host: Host, ...args: Parameters<Instance['convert']>) => unknown): Strategy =>
    altered((_instance, host) => ({ convert: (...args: Parameters<Instance['convert']>) => act(host, ...args) }));

  test.each<[string, Strategy, string]>([
    ['a page that is no number', onSubscribe((consumer, section) => consumer.mapRun(section, 'shared', Number.NaN, 1, 1)), 'mapRun was given [NaN, NaN)'],
    ['a page below zero', onSubscribe((consumer, section) => consumer.mapRun(section, 'shared', -1, 1, 1)), 'mapRun was given [-1, -1)'],
    ['no page at all', onSubscribe((consumer, section) => consumer.unmapRun(section, 'shared', 0, 0)), 'unmapRun was given 0 pages'],
    ['pages without end', onSubscribe((consumer, section) => consumer.mapRun(section, 'shared', 0, Infinity, 1)), 'mapRun was given Infinity pages'],
    ['no granule', onSubscribe((consumer, section) => consumer.mapRun(section, 'shared', 0, 1, 0)), 'mapRun was given granules of 0 pages'],
    ['a copy of a section', onSubscribe((consumer, section) => consumer.mapRun({ ...section }, 'shared', 0, 1, 1)), 'mapRun was given an object as its section'],
    ['a side that is none', onSubscribe((consumer, section) => consumer.mapRun(section, 'both' as 'shared', 0, 1, 1)), 'mapRun was given the side "both"'],
    ['a side the consumer does not take', onSubscribe((consumer, section) => consumer.mapRun(section, 'private', 0, 1, 1)), 'c0 takes shared ones only'],
    ['a copy of a block', onConvert((host, { pages }) => host.discard({ ...pages, block: { ...pages.block } }, 'shared')), 'host.discard was given an object as its block'],
    ['no range', onConvert((host) => host.discard(undefined as never, 'shared')), 'host.discard was given undefined as its block'],
    ['half a page', onConvert((host, { pages }) => host.convertInPlace({ ...pages, endPage: 0.5 }, 'shared')), 'host.convertInPlace was given [0, 0.5)'],
    ['a range reversed', onConvert((host) => host.setAttributes({ firstGfn: 2, endGfn: 1 }, 'shared')), 'host.setAttributes was given [2, 1)'],
    ['attributes of no side', onConvert((host, { gfns }) => host.setAttributes(gfns, 'public' as 'shared')), 'host.setAttributes was given the side "public"'],
    ['a run of pages the block does not have', altered(() => ({ runs: (...[, , , , emit]: Parameters<Instance['runs']>) => emit(0, 99, 'shared') })), 'emit was given [0, 99); ram has 2 pages'],
    ['a run without end', altered(() => ({ runs: (...[, , , , emit]: Parameters<Instance['runs']>) => emit(0, Infinity, 'shared') })), 'emit was given [0, Infinity)'],
  ])('%s', (_, strategy, words) => {
    const { detail } = endOf(strategy);
    expect([detail?.startsWith('PortError: '), detail?.includes(words) || detail]).toEqual([true, true]);
  });

  test('what is legal but lies elsewhere is answered, not thrown', () => {
    const strategy = onConvert((host, { pages }) => {
      const status = host.discard({ ...pages, firstPage: 7, endPage: 9 }, 'shared');
      return status === -22 ? -11 : boom();
    });
    expect(runHistory(strategy, parseHistory('world(pages=2); convert(0+1,shared)')).steps[0]!.answer).toBe('-EAGAIN');
  });
});

describe('calls without end', () => {
  const forever = (call: () => unknown): never => {
    for (;;) call();
  };

  test.each<[string, Strategy, string]>([
    ['to a consumer', altered(() => ({ subscribe: (consumer: Consumer, section: Parameters<Instance['subscribe']>[1]) => forever(() => consumer.mapRun(section, 'shared', section.firstPage, 1, 1)) })), 'subscribe'],
    ['to the host', altered((_, host) => ({ convert: (...[{ gfns }]: Parameters<Instance['convert']>) => forever(() => host.setAttributes(gfns, 'shared')) })), 'convert'],
    ['to emit', altered(() => ({ runs: (...[, , , , emit]: Parameters<Instance['runs']>) => forever(() => emit(0, 1, 'shared')) })), 'runs'],
    ['to a plug source', altered(() => ({ attachSource: (...[, source]: Parameters<Instance['attachSource']>) => forever(() => source.isPlugged(0, 1)) })), 'attachSource'],
  ])('%s end, by a number in proportion to the guest', (_, strategy, member) => {
    const small = 'world(pages=2, vmem=1x1); attach(c0); convert(0+1,shared); dump';
    const large = 'world(pages=20, vmem=1x1); attach(c0); convert(0+1,shared); dump';
    const limits = [small, large].map((line) => {
      const { detail } = endOf(strategy, line);
      const [, who, limit, pages] = /^PortError: (\S+) made more than (\d+) calls in a guest of (\d+) pages/.exec(detail!)!;
      expect(who).toBe(member);
      return [Number(pages), Number(limit)];
    });
    expect(limits).toEqual([[4, 1024 + 64 * 4 * 2], [22, 1024 + 64 * 22 * 2]]);
  });

  test('a new call into the design has its calls anew', () => {
    const line = `attach(c0); ${Array.from({ length: 400 }, (_, at) => `convert(0+8,${at % 2 === 0 ? 'shared' : 'private'})`).join('; ')}`;
    expect(runHistory(reference, parseHistory(line)).violations).toEqual([]);
  });
});

describe('what a design is handed', () => {
  test.each<[string, Strategy]>([
    ['a block', altered(() => ({ addBlock: (block: { pageCount: number }) => (block.pageCount = 0) }))],
    ['a section', altered(() => ({ subscribe: (_: unknown, section: { firstPage: number }) => (section.firstPage = 0) }))],
    ['a consumer', altered(() => ({ subscribe: (consumer: { mapRun: unknown }) => (consumer.mapRun = boom) }))],
    ['a request', altered(() => ({ convert: (request: { pages: { endPage: number } }) => (request.pages.endPage = 9) }))],
    ['a plug source', altered(() => ({ attachSource: (_: unknown, source: { granulePages: number }) => (source.granulePages = 0) }))],
    ['the host', altered((_, host) => ({ convert: () => Object.assign(host, { discard: boom }) }))],
  ])('%s cannot be changed', (_, strategy) => {
    expect(endOf(strategy).detail).toMatch(/^TypeError: Cannot assign to read only property/);
  });

  test('a consumer and a plug source are the same object each time', () => {
    const seen = new Map<string, Set<unknown>>();
    const note = (what: string, value: unknown): number => {
      seen.set(what, (seen.get(what) ?? new Set()).add(value));
      return 0;
    };
    const strategy = altered((instance) => ({
      subscribe: (...args: Parameters<Instance['subscribe']>) => note('consumer', args[0]) + instance.subscribe(...args),
      unsubscribe: (...args: Parameters<Instance['unsubscribe']>) => {
        note('consumer', args[0]);
        instance.unsubscribe(...args);
      },
      attachSource: (...args: Parameters<Instance['attachSource']>) => note('source', args[1]) + instance.attachSource(...args),
      plug: { ...instance.plug, willPlug: (...args: Parameters<Instance['plug']['willPlug']>) => note('source', args[0]) + instance.plug.willPlug(...args) },
    }));
    expect(runHistory(strategy, parseHistory(LINE)).violations).toEqual([]);
    expect([...seen].map(([what, values]) => [what, values.size])).toEqual([['source', 1], ['consumer', 1]]);
  });
});

describe('a design that does not answer from its history alone', () => {
  test('is reported with what was seen, also when it does not show again', () => {
    let calls = 0;
    const unsteady = altered((instance) => ({
      convert: (...args: Parameters<Instance['convert']>) => ((calls += 1) === 3 ? boom() : instance.convert(...args)),
    }));
    const { cells, verdict } = runConformance(unsteady, { backends: ['type1v2'], regimes: ['two-backend'], cases: [], runs: 100 });
    expect([verdict, cells[0]!.broken.map(({ invariant }) => invariant)]).toEqual(['broken', expect.arrayContaining(['nonfatal'])]);
  });
});

describe('what a caller is told while the suite runs', () => {
  test('each history before it runs, each finding once, each cell with all before it', () => {
    const cases = CASES.filter(({ id }) => id.startsWith('six-steps/'));
    const told = { histories: 0, findings: [] as string[], cells: [] as number[] };
    const report = runConformance(altered(() => ({ convert: boom })), {
      backends: ['type1v2', 'iommufd'],
      cases,
      runs: 10,
      onHistory: () => (told.histories += 1),
      onFinding: ({ backend, regime, invariant }) => told.findings.push(`${backend} ${regime} ${invariant}`),
      onCell: ({ cells }) => told.cells.push(cells.length),
    });
    expect(told.cells).toEqual([1, 2, 3, 4]);
    expect(told.histories).toBeGreaterThanOrEqual(report.worlds + report.properties.runs);
    const kept = report.cells.flatMap(({ backend, regime, broken }) => broken.map(({ invariant }) => `${backend} ${regime} ${invariant}`));
    expect([...new Set(told.findings)].toSorted()).toEqual(kept.toSorted());
  });
});
