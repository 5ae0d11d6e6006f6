// SPDX-License-Identifier: MIT
import type { Regime } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventText, explain, hypotheticalPart, type Operation, parseHistory, randomHistory, reportText, runHistory, uncoordinated, World, WORLD_BACKENDS, worldSpec } from '../src/index.ts';
import { attributed } from '../src/suite/attributed.ts';
import { reference } from './strategies/reference.ts';
import { skipsStrictServers } from './strategies/consumer-faults.ts';
import { judged } from './support/judged.ts';
import { takesNoCount } from './support/sabotage.ts';
import { settings } from './support/settings.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

/** Answers of a right design, which breaks nothing. */
function rightAnswers(line: string): readonly string[] {
  const { answers, words } = judged(reference, line);
  expect(words).toEqual([]);
  return answers;
}

describe('migration', () => {
  const page = fc.nat(7);
  const change: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ op: fc.constant('touch'), page }),
    fc.record({ op: fc.constant('convert'), page, count: fc.constant(1), to: fc.constantFrom('shared', 'private') }),
    fc.record({ op: fc.constant('dma'), container: fc.constant('c0'), page, access: fc.constantFrom('read', 'write') }),
  );

  test.each(REGIMES)('%s: what is sent again is what was written or converted, by guest and device', (regime) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.array(change, { maxLength: 20 }), (before, after) => {
        const world = new World(worldSpec({ regime }), reference);
        for (const operation of [{ op: 'attach', container: 'c0' } as const, ...before]) world.apply(operation);
        expect(world.apply({ op: 'migrate', step: 'start' })).toBe('0, 8 pages');
        const again = new Set<number>();
        for (const operation of after) {
          const answer = world.apply(operation);
          const isRead = operation.op === 'dma' && operation.access === 'read';
          if (!isRead && answer.startsWith('0') && 'page' in operation) again.add(operation.page);
        }
        expect(world.apply({ op: 'migrate', step: 'finish' })).toBe(`0, ${again.size} pages`);
        expect(world.apply({ op: 'migrate', step: 'load' })).toBe('0, 8 pages');
        expect(world.judge.violations).toEqual([]);
      }),
      settings(100),
    );
  });

  test('what the guest gave away is owed to nobody until it is written again', () => {
    expect(rightAnswers('touch(0); migrate(start); balloon(0+1); migrate(finish)')).toEqual(['0 0xa1', '0, 8 pages', '0', '0, 0 pages']);
    expect(rightAnswers('touch(0); migrate(start); balloon(0+1); touch(0); migrate(finish)').at(-1)).toBe('0, 1 pages');
  });

  test('an unmap behind a vIOMMU brings the dirty bits of its page with it', () => {
    const line = 'world(containers=c0:iommufd+viommu); attach(c0); convert(0+1,shared); viommu-map(c0,3,0+1); migrate(start); dma(c0,3,write); viommu-unmap(c0,3+1); migrate(finish)';
    expect(rightAnswers(line).at(-1)).toBe('0, 1 pages');
  });

  test('a guest with dynamic memslots, a second source or shared blocks is restored, early and late', () => {
    const moves = 'attach(c0); plug(m0,1+1); convert(3+4,shared); touch(3); touch(6); migrate(start); migrate(finish); migrate(load); migrate(load,late)';
    for (const vmem of ['2x2/1', '2x2:shared']) rightAnswers(`world(pages=4, vmem=${vmem}); ${moves}`);
    const second = 'attach(c0); plug(m0,0+2); add-source(m1); plug(m1,1+1); convert(4+4,shared); touch(6); migrate(start); migrate(finish); migrate(load); migrate(load,late)';
    expect(runHistory(reference, parseHistory(`world(pages=4, vmem=2x2,2x2@m0); ${second}`)).violations).toEqual([]);
  });

  test('a stream is kept until the next one, and loaded as often as one likes', () => {
    expect(rightAnswers('attach(c0); touch(0); migrate(start); migrate(finish); touch(0); migrate(load); migrate(load)')).toEqual(
      ['0', '0 0xa1', '0, 8 pages', '0, 0 pages', '0 0xa2', '0, 8 pages', '0, 8 pages'],
    );
  });
});

describe('dump', () => {
  test('a firmware block below 4 GiB comes before what lies above', () => {
    expect(rightAnswers('world(pages=4, firmware=2, vmem=1x2); plug(m0,0+1); touch(0); dump')).toEqual(['ACK', '0 0xa1', '0, 8 pages']);
  });
});

describe('vIOMMU', () => {
  const BEHIND = 'world(containers=c0:iommufd+viommu)';
  const stale = `${BEHIND}; attach(c0); convert(0+1,shared); touch(0); viommu-map(c0,5,0+1); convert(0+1,private); touch(0); dma(c0,5,read)`;

  test('a page that turns private under a live mapping is reported once, and judged by nobody', () => {
    const { steps, violations, reports } = runHistory(reference, parseHistory(stale), { record: true });
    expect(violations).toEqual([]);
    expect(steps.at(-1)!.answer).toBe('0 0xa1');
    expect(reports).toEqual([
      { operationIndex: 4, reason: 'stale-iova', container: 'c0', iovaPage: 5, position: 0, deviceFrame: 1, backingFrame: 0 },
    ]);
    expect(reportText(reports[0]!)).toBe(
      'c0 at IOVA page 0x5 leads to frame 1, and no frame backs page 0 now. Its guest has to unmap first.',
    );
    expect(steps[4]!.events.map(eventText).at(-1)).toBe(`reported, not judged: ${reportText(reports[0]!)}`);
  });

  test('in place the page stays shared while it is pinned, and the guest is told to come back', () => {
    const { steps, violations, reports } = runHistory(reference, parseHistory(stale.replace('world(', 'world(regime=in-place, ').concat('; heal')));
    expect(violations).toEqual([]);
    expect(steps[4]!.answer).toBe('-EAGAIN');
    expect(reports.map(({ reason }) => reason)).toEqual(['held-by-viommu']);
    expect(reportText(reports[0]!)).toContain('Page 0 cannot turn private in place');
  });

  test('mappings of the guest are its own: twice at one address, at no address, over a reset and a detach', () => {
    const line = `${BEHIND}; attach(c0); convert(0+2,shared); viommu-map(c0,5,0+2); viommu-map(c0,6,0+1); viommu-unmap(c0,9+1); dma(c0,6,write); reset; dma(c0,6,read); detach(c0); attach(c0); dma(c0,5,read)`;
    expect(rightAnswers(line)).toEqual(['0', '0', '0', 'mapped already', '0', '0 0xa1', '0', '-EFAULT', '0', '0', '-EFAULT']);
  });

  test('refused calls are the answer, and leave the mapping as it was', () => {
    const line = `${BEHIND}; attach(c0); convert(0+2,shared); refuse(c0,map,2,ENOMEM); viommu-map(c0,5,0+2); refuse(c0,unmap,1,EBUSY); viommu-unmap(c0,5+1); dma(c0,5,write); dma(c0,6,write); detach(c0)`;
    expect(rightAnswers(line)).toEqual(['0', '0', '0', '-ENOMEM', '0', '-EBUSY', '0 0xa1', '-EFAULT', '0']);
  });

  test('without a device nothing is mapped', () => {
    expect(rightAnswers(`${BEHIND}; convert(0+1,shared); viommu-map(c0,5,0+1); dma(c0,5,read)`)).toEqual(['0', 'not attached', 'not attached']);
  });
});

describe('a TDISP device', () => {
  const world = 'world(containers=c0:iommufd+tdisp, pages=2, tee=snp)';

  test('what maps private pages is called hypothetical wherever it is told', () => {
    const history = parseHistory(`${world}; attach(c0); convert(0+1,shared)`);
    const { steps } = runHistory(reference, history, { record: true });
    const mapped = steps[0]!.events.filter((event) => event.kind === 'map' && event.side === 'private');
    expect(mapped.map((event) => 'hypothetical' in event && event.hypothetical)).toEqual([true, true]);
    expect(eventText(mapped[0]!)).toBe('map c0 gfn [0x0, 0x1) (1 call) [attach] [private side; hypothetical]');
    expect(steps[1]!.events.map(eventText)).toContain('unmap c0 gfn [0x0, 0x1) [private side; hypothetical]');
    expect(hypotheticalPart(history.world)).toBe('c0 maps private guest_memfd, as SEV-TIO would; no released kernel does');
    expect(hypotheticalPart(worldSpec({ tee: 'snp' }))).toBeUndefined();
  });

  test('it is unbound by a reset, since the trust was the old guest’s', () => {
    expect(rightAnswers(`${world}; attach(c0); touch(0); reset; dma(c0,0,read); attach(c0); dma(c0,0,write)`)).toEqual(
      ['0', '0 0xa1', '0', 'not attached', '0', '0 0xa2'],
    );
  });

  test('with TDX Connect it is a device like any other', () => {
    const line = 'world(containers=c0:iommufd+tdisp, pages=2, tee=tdx); attach(c0); touch(0); convert(1+1,shared); dma(c0,0,read); migrate(start)';
    expect(rightAnswers(line)).toEqual(['0', '0 0xa1', '0', '-EFAULT', '0, 2 pages']);
  });
});

describe('the balloon', () => {
  test('a device whose count was not taken keeps what the guest lost', () => {
    const { answers, violations } = judged(reference, 'attach(c0); convert(0+1,shared); touch(0); balloon(0+1); read(0); dma(c0,0,read)', takesNoCount);
    expect(answers.slice(3)).toEqual(['0', '0 0x0', '0 0xa1']);
    expect(violations.map(({ invariant }) => invariant)).toEqual(expect.arrayContaining(['coordinated', 'coherent']));
  });
});

describe('a remap', () => {
  test('waits for what is half undone', () => {
    const line = 'world(containers=c0:type1v2,c1:type1v2); attach(c0); attach(c1); refuse(c1,map,1,ENOMEM); refuse(c0,unmap,1,EBUSY); convert(0+1,shared); cpr(c0); heal; cpr(c0); dma(c0,0,write)';
    expect(rightAnswers(line)).toEqual(['0', '0', '0', '0', '-EAGAIN', '-EBUSY', '0, 1 retried', '0', '0 0xa1']);
  });

  test('of no device, and of devices upstream has no remap for, is refused', () => {
    const line = 'world(containers=c0:type1v2,c1:iommufd+viommu,c2:iommufd+tdisp, tee=snp); attach(c1); attach(c2); cpr(c0); cpr(c1); cpr(c2)';
    expect(rightAnswers(line)).toEqual(['0', '0', 'not attached', '-EOPNOTSUPP', '-EOPNOTSUPP']);
  });
});

describe('in a guest of mixed backends', () => {
  function attributedTo(strategy: typeof reference, line: string, backend: 'type1v2' | 'vfio-user-strict'): string | undefined {
    const history = parseHistory(line);
    const [violation] = runHistory(strategy, history).violations;
    const found = attributed(strategy, history, violation!, backend, {});
    return found && found.history.world.containers.map((container) => container.backend).join(' ');
  }
  const line = 'world(containers=c0:type1v2,c1:vfio-user-strict); attach(c0); attach(c1); convert(0+2,shared)';

  test('what another backend shows alone is not this one’s', () => {
    expect(attributedTo(skipsStrictServers, line, 'type1v2')).toBeUndefined();
    expect(attributedTo(skipsStrictServers, line, 'vfio-user-strict')).toBe('vfio-user-strict vfio-user-strict');
  });

  test('what this backend shows alone is told without the other', () => {
    expect(attributedTo(uncoordinated, line, 'type1v2')).toBe('type1v2 type1v2');
  });

  test('what neither shows alone is the mixture’s', () => {
    const confused = { ...skipsStrictServers, create: mixedOnly };
    expect(attributedTo(confused, line, 'type1v2')).toBe('type1v2 vfio-user-strict');
  });

  /** Serves containers as long as they are all of the first one's kind. */
  const mixedOnly: typeof reference.create = (host, without) => {
    const right = reference.create(host, without);
    let first: string | undefined;
    return {
      ...right,
      subscribe: (consumer, section) => {
        first ??= consumer.unmapShape;
        return consumer.unmapShape === first ? right.subscribe(consumer, section) : 0;
      },
      unsubscribe: (consumer, section) => {
        if (consumer.unmapShape === first) right.unsubscribe(consumer, section);
      },
    };
  };
});

describe('random histories', () => {
  function worldsOf(strategy: typeof reference): ReturnType<typeof worldSpec>[] {
    return fc.sample(randomHistory(strategy, 'iommufd', 'two-backend'), { seed: 1, numRuns: 300 }).map(({ world }) => world);
  }

  test('mix backends, and have containers of every kind; the first is a plain one of the backend under test', () => {
    const worlds = worldsOf(reference);
    const [first, second, third] = [0, 1, 2].map((at) => worlds.flatMap(({ containers }) => containers[at] ?? []));
    expect(first!.every(({ backend, kind, iommuPages }) => backend === 'iommufd' && kind === undefined && iommuPages === undefined)).toBe(true);
    expect(new Set(second!.map(({ backend }) => backend))).toEqual(new Set(WORLD_BACKENDS));
    expect(new Set(third!.map(({ kind, iommuPages }) => kind ?? iommuPages))).toEqual(new Set([undefined, 2, 'viommu', 'tdisp']));
  });

  test('have plain containers only for a design that nobody but devices asks', () => {
    const { capabilities } = reference;
    const worlds = worldsOf({ ...reference, capabilities: { ...capabilities, views: false } });
    expect(worlds.some(({ containers }) => containers.length === 3)).toBe(true);
    expect(worlds.every(({ containers }) => containers.every(({ kind, iommuPages }) => kind === undefined && iommuPages === undefined))).toBe(true);
  });

  test('spare a listener that asserts containers it would die of', () => {
    const worlds = worldsOf({ ...reference, listener: { ...reference.listener, fineGranule: 'assert' } });
    expect(worlds.every(({ containers }) => containers.every(({ iommuPages }) => iommuPages === undefined))).toBe(true);
  });
});

test('an address that is no page number ends the VMM, as any argument out of form does', () => {
  const odd = { ...reference, create: shiftedDump };
  const { answers, violations } = judged(odd, 'dump');
  expect(answers).toEqual(['the VMM died']);
  expect(violations[0]!.evidence.detail).toContain('emit was given [0.5, 0.5)');
});

/** Hands out half pages as addresses. */
const shiftedDump: typeof reference.create = (host, without) => {
  const right = reference.create(host, without);
  return {
    ...right,
    runs: (block, view, first, end, emit) => right.runs(block, view, first, end, (from, to, side) => emit(from, to, side, from + 0.5)),
  };
};

test('a violation in a world with a hypothetical part says so', () => {
  const history = parseHistory('world(containers=c0:iommufd+tdisp, tee=snp); attach(c0); convert(0+1,shared); touch(0); convert(0+1,private)');
  const [violation] = runHistory(uncoordinated, history).violations;
  expect(explain(violation!, history)).toContain('(Hypothetical: c0 maps private guest_memfd');
});
