// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventText, parseHistory, printHistory, runConformance, runHistory, uncoordinated, worldSpec } from '../src/index.ts';
import { resolveRequest } from '../src/suite/random-request.ts';
import { placeSections } from '../src/world/place-sections.ts';
import { planted } from './strategies/planted.ts';
import { reference } from './strategies/reference.ts';
import { goesByTheFirstSection } from './strategies/region-faults.ts';
import { judged } from './support/judged.ts';
import { settings } from './support/settings.ts';

const PAGE = 0x1000n;

function answersOf(strategy: Strategy, line: string): readonly string[] {
  return judged(strategy, line).answers;
}

describe('what a request in bytes answers', () => {
  // The right answer, and what QEMU's path through the first section answers where that is another one.
  test.each([
    ['a page', 'request(0x1000+0x1000,shared)', '0'],
    ['an unaligned start', 'request(0x1+0x1000,private)', '-EINVAL'],
    ['an unaligned size', 'request(0x0+0xfff,shared)', '-EINVAL'],
    ['nothing', 'request(0x1000+0x0,private)', '-EINVAL'],
    ['nothing in a hole', 'request(0x80000000+0x0,shared)', '-EINVAL'],
    ['a hole, to shared', 'request(0x80000000+0x1000,shared)', '0'],
    ['a hole, to private', 'request(0x80000000+0x1000,private)', '-EINVAL'],
    ['the ROM, to shared', 'request(0xfffff000+0x1000,shared)', '-EINVAL'],
    ['the ROM, to private', 'request(0xfffff000+0x1000,private)', '-EINVAL'],
    ['RAM and a hole, to shared', 'request(0x3000+0x2000,shared)', '0'],
    ['RAM and a hole, to private', 'request(0x3000+0x2000,private)', '-EINVAL', '0'],
    ['the end of RAM and a hole, to shared', 'request(0x100003000+0x2000,shared)', '0', '-EINVAL'],
    ['the end of RAM and a hole, to private', 'request(0x100003000+0x2000,private)', '-EINVAL'],
    ['a hole and RAM, to shared', 'request(0xffffd000+0x2000,shared)', '0', '-EINVAL'],
    ['a hole, the ROM and RAM', 'request(0xffff0000+0x20000,shared)', '-EINVAL'],
    ['the last page below 2^64, to shared', 'request(0xfffffffffffff000+0x1000,shared)', '0'],
    ['a range that wraps, to shared', 'request(0xfffffffffffff000+0x2000,shared)', '-EINVAL', '0'],
    ['a range that wraps, to private', 'request(0xfffffffffffff000+0x2000,private)', '-EINVAL'],
    ['RAM up to 2^64', 'request(0x100000000+0xffffffff00000000,shared)', '0', '-EINVAL'],
    ['RAM and almost everything above', 'request(0x100000000+0xfffffffe00000000,shared)', '0', '-EINVAL'],
  ])('%s', (_, operation, right, first = right) => {
    const line = `world(firmware=1, onRefusal=retry); ${operation}`;
    expect([answersOf(reference, line), answersOf(goesByTheFirstSection, line)]).toEqual([[right], [first]]);
    expect(judged(reference, line).violations).toEqual([]);
  });
});

describe('a request that no guest with a memory map could send', () => {
  const line = 'attach(c0); convert(0+1,shared); request(0x0+0x1800,private); touch(0); dma(c0,0,read)';

  test('is refused, and neither repeated nor counted as a conversion that stops the VM', () => {
    const { steps, stopped, violations } = runHistory(reference, parseHistory(`${line}; heal`));
    expect(steps.map(({ answer }) => answer)).toEqual(['0', '0', '-EINVAL', '0 0xa1', '0 0xa1', '0']);
    expect([stopped, violations]).toEqual([false, []]);
  });

  test('stops the VM all the same where refusals do: what is found behind it is latent', () => {
    const forgets = planted('forgets', () => ({
      instance: (instance) => ({ ...instance, convert: (request, to) => (request.pages.firstPage === 1 ? 0 : instance.convert(request, to)) }),
    }));
    const reaches = ['stop', 'retry'].map((onRefusal) => {
      const found = judged(forgets, `world(onRefusal=${onRefusal}); request(0x1+0x1000,shared); convert(1+1,shared)`);
      return found.violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
    });
    expect(reaches).toEqual([['atomic latent'], ['atomic live']]);
  });

  test('a right one that is refused with an errno stops the VM and waits for its retry', () => {
    const valid = 'world(pages=2); request(0x100000000+0x2000,shared); heal';
    const { steps, stopped } = runHistory(goesByTheFirstSection, parseHistory(valid));
    expect([steps.map(({ answer }) => answer), stopped]).toEqual([['-EINVAL', '0, 1 retried'], true]);
  });
});

describe('what the guest asked for', () => {
  test('parts before a refused one stay, and the retry of the whole completes it', () => {
    const line = 'world(pages=2, vmem=4x1/2); attach(c0); plug(m0,0+4); refuse(c0,map,3,ENOMEM); request(0x140000000+0x4000,shared); dma(c0,3,write); dma(c0,4,read); heal; dma(c0,5,write)';
    const { answers, violations } = judged(reference, line);
    expect(answers).toEqual(['0', 'ACK', '0', '-EAGAIN', '0 0xa1', '-EFAULT', '0, 1 retried', '0 0xa2']);
    expect(violations).toEqual([]);
  });

  test('a memslot that is not there is left out by a guest that knows, and is a hole to a request', () => {
    const line = 'world(pages=2, vmem=2x1/1, onRefusal=retry); plug(m0,0+1); convert(0+4,shared); request(0x140001000+0x1000,private); convert(2+2,private)';
    expect(answersOf(reference, line)).toEqual(['ACK', '0', '-EINVAL', '0']);
  });

  test('memslots that adjoin are one request of a convert', () => {
    const { steps } = runHistory(uncoordinated, parseHistory('convert(0+8,shared)'), { record: true });
    expect(steps[0]!.events.filter(({ kind }) => kind === 'attributes')).toHaveLength(2);
    const slots = runHistory(goesByTheFirstSection, parseHistory('world(pages=2, vmem=2x1/1); plug(m0,0+2); convert(2+2,shared)'), { record: true });
    const attributes = slots.steps[1]!.events.filter(({ kind }) => kind === 'attributes').map(eventText);
    expect(attributes).toEqual(['KVM attributes gfn [0x140000, 0x140002) shared']);
    expect(slots.violations).toEqual([]);
  });

  test('a request equals the conversion of its pages, wherever a guest can cut it', () => {
    const strategies: readonly (readonly [Strategy, Regime])[] = [[reference, 'two-backend'], [reference, 'in-place'], [goesByTheFirstSection, 'two-backend']];
    const inside = fc.nat(3).chain((first) => fc.tuple(fc.constant(first), fc.integer({ min: 1, max: 4 - first }), fc.constantFrom('shared', 'private')));
    for (const [strategy, regime] of strategies) {
      fc.assert(
        fc.property(fc.array(inside, { minLength: 1, maxLength: 6 }), (requests) => {
          const [bytes, pages] = [
            requests.map(([first, count, to]) => `request(0x${(BigInt(first) * PAGE).toString(16)}+0x${(BigInt(count) * PAGE).toString(16)},${to})`),
            requests.map(([first, count, to]) => `convert(${first}+${count},${to})`),
          ].map((operations) => runHistory(strategy, parseHistory(`world(regime=${regime}); attach(c0); ${operations.join('; ')}`), { record: true }));
          expect([bytes!.violations, pages!.violations]).toEqual([[], []]);
          expect(bytes!.steps).toEqual(pages!.steps);
        }),
        settings(60),
      );
    }
  });
});

describe('drawn requests', () => {
  test('name the surroundings of every section, right and wrong, and always parse', () => {
    const world = worldSpec({ pages: 4, vmem: [{ blockCount: 2, blockPages: 2 }], firmware: 1 });
    const small = fc.nat(63);
    const drawn = fc.sample(fc.tuple(small, small, small), { seed: 1, numRuns: 600 }).map(([a, b, c]) => resolveRequest(a, b, c, world));
    for (const operation of drawn) {
      const line = printHistory({ world, operations: [operation] });
      expect(parseHistory(line)).toEqual({ world, operations: [operation] });
    }
    const answers = new Set(drawn.map((operation) => runHistory(reference, { world, operations: [operation] }).steps[0]!.answer));
    expect(answers).toEqual(new Set(['0', '-EINVAL']));
    for (const { firstGfn, pageCount } of placeSections(world)) {
      const border = BigInt(firstGfn + pageCount) * PAGE;
      const crossing = drawn.filter((operation) => operation.op === 'request' && BigInt(operation.address) < border && BigInt(operation.address) + BigInt(operation.size) > border);
      expect(crossing.length).toBeGreaterThan(0);
    }
  });

  test('find a design that goes by the first section', () => {
    const { cells } = runConformance(goesByTheFirstSection, { cases: [], runs: 150, backends: ['type1v2'], regimes: ['two-backend'] });
    expect(cells[0]!.broken.map(({ invariant, reach }) => `${invariant} ${reach}`)).toContain('coordinated live');
  });
});

test('a pin that keeps a page from turning private is named, with who holds it', () => {
  const line = 'world(regime=in-place, containers=c0:type1v2,c1:iommufd); convert(0+8,shared); attach(c0); attach(c1); convert(1+2,private); detach(c0); convert(1+2,private); detach(c1); heal';
  const { steps } = runHistory(uncoordinated, parseHistory(line), { record: true });
  const told = steps.flatMap(({ events }) => events.filter(({ kind }) => kind === 'convert-in-place').map(eventText));
  expect(told.slice(2)).toEqual([
    'guest_memfd ram [0x1, 0x3) becomes private -> -EAGAIN: page 0x1 is pinned by c0 and c1',
    'guest_memfd ram [0x1, 0x3) becomes private -> -EAGAIN: page 0x1 is pinned by c1',
    'guest_memfd ram [0x1, 0x3) becomes private',
    'guest_memfd ram [0x1, 0x3) becomes private',
  ]);
  expect(steps.map(({ answer }) => answer)).toEqual(['0', '0', '0', '-EAGAIN', '0', '-EAGAIN', '0', '0, 2 retried']);
});
