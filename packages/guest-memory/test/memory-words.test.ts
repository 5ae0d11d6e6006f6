// SPDX-License-Identifier: MIT
import { firstConfusion, firstLoss, FrameNames, GuestMemory, type Regime, type Words } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryOperations, type Parts, PinSlots, SOUND_PARTS, WordsBench } from './support/words-bench.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

const benchesOf = (regime: Regime, parts: Parts = SOUND_PARTS): [WordsBench, WordsBench] => [
  new WordsBench(regime, parts),
  new WordsBench(regime, parts),
];

const journey = fc.record({ before: memoryOperations, elsewhere: memoryOperations, after: memoryOperations });

/** Operations, and the same in another order. */
const twoOrders = memoryOperations.chain((operations) =>
  fc.tuple(fc.constant(operations), fc.shuffledSubarray(operations, { minLength: operations.length })),
);

describe.each(REGIMES)('words of a guest memory, %s', (regime) => {
  test('a state that is loaded is stored, seen and answered as the one it was', () => {
    fc.assert(
      fc.property(journey, (operations) => {
        expect(firstLoss(...benchesOf(regime), operations)).toBeUndefined();
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('they are equal exactly when everything that can be seen is', () => {
    fc.assert(
      fc.property(twoOrders, (ways) => {
        expect(firstConfusion(...benchesOf(regime), ways)).toBeUndefined();
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  test('many orders do lead to one state, under other identities', () => {
    let [same, renamed] = [0, 0];
    for (const ways of fc.sample(twoOrders, { seed: 5, numRuns: 1000 })) {
      const benches = benchesOf(regime);
      for (const [at, bench] of benches.entries()) for (const each of ways[at]!) bench.act(each);
      if (benches[0].look() !== benches[1].look()) continue;
      same += 1;
      const [identities, others] = benches.map((bench) => bench.identities().join());
      if (identities !== others) renamed += 1;
    }
    expect(same).toBeGreaterThan(100);
    expect(renamed).toBeGreaterThan(20);
  });
});

describe('words of a guest memory', () => {
  test('frames go by the first page that reaches them, orphans by who holds them', () => {
    const bench = new WordsBench('two-backend');
    const { memory, blocks, pins } = bench;
    const [ram] = blocks;
    memory.populate(ram!, 3, 'shared');
    memory.populate(ram!, 1, 'private');
    pins.held[2] = memory.pinPage(ram!.hostFirstPage + 3, true);
    memory.discard({ block: ram!, firstPage: 3, endPage: 4 }, 'shared');
    memory.populate(ram!, 3, 'shared');
    // Page 1: name 1, private, on the private side. Page 3: name 2, shared. The orphan: name 3.
    const words = [...bench.stored()];
    expect(words.slice(0, 6)).toEqual([0, 3 << 16, 0, 4, 0, 0]);
    expect(words.slice(-4)).toEqual([0, 0, 6, 0]);
  });

  test('an owner that is not that of the side is kept', () => {
    const [from, into] = [new WordsBench('in-place'), new WordsBench('in-place')];
    const [ram] = from.blocks;
    // A fault on the wrong side: the page is private, the frame was made for shared use.
    from.memory.populate(ram!, 0, 'shared');
    into.words.load(from.stored(), 0);
    expect(into.memory.frames.owner(into.memory.backing(into.blocks[0]!, 0, 'private'))).toBe('shared');
  });

  test('a section nobody listed, and counts above 255, are not whole, and a load takes the section away', () => {
    const bench = new WordsBench('two-backend');
    const words = bench.stored();
    expect(bench.words.isWhole).toBe(true);
    const unlisted = { name: 'unlisted', block: bench.blocks[0]!, firstPage: 0, pageCount: 1, firstGfn: 60, readonly: false };
    bench.memory.addSection(unlisted);
    bench.stored();
    expect(bench.words.isWhole).toBe(false);
    bench.words.load(words, 0);
    expect(bench.memory.addressSpace.sections).not.toContain(unlisted);
    for (let n = 0; n < 256; n += 1) bench.memory.coordination.uncoordinatedDisable(true);
    bench.stored();
    expect(bench.words.isWhole).toBe(false);
    bench.words.load(words, 0);
    bench.stored();
    expect([bench.words.isWhole, bench.memory.coordination.uncoordinatedDisabled]).toEqual([true, 0]);
  });

  test('more frames than references can name are not whole', () => {
    const memory = new GuestMemory({ regime: 'two-backend', gfnCount: 1 });
    const big = memory.addBlock('big', 40_000, false);
    const names = new FrameNames(memory.frames);
    const words = memory.words(names, []);
    const out = new Int32Array(words.count);
    for (let page = 0; page < 32_767; page += 1) memory.populate(big, page, 'shared');
    names.beginStore();
    words.store(out, 0);
    expect(names.isWhole).toBe(true);
    memory.populate(big, 32_767, 'shared');
    names.beginStore();
    words.store(out, 0);
    expect(names.isWhole).toBe(false);
  });

  test('are made once, for this memory, of sections that do not overlap', () => {
    const { memory, sections } = new WordsBench('two-backend');
    const names = new FrameNames(memory.frames);
    expect(() => memory.words(names, sections)).toThrow('a guest memory has words once');
    const fresh = (): GuestMemory => new GuestMemory({ regime: 'two-backend', gfnCount: 1 });
    expect(() => fresh().words(names, sections)).toThrow('names are those of the frames of this memory');
    const other = fresh();
    const twice = [sections[0]!, { ...sections[0]!, firstGfn: sections[0]!.firstGfn + 1 }];
    expect(() => other.words(new FrameNames(other.frames), twice)).toThrow('sections that may be there do not overlap');
  });

  test('a block that comes after its words were made is an assertion', () => {
    const bench = new WordsBench('in-place');
    bench.memory.addBlock('late', 1, false);
    expect(() => bench.stored()).toThrow('no block comes after the words were made');
  });

  test('attributes under a memslot that is away are no state, and private after a load', () => {
    const [one, other] = [new WordsBench('two-backend'), new WordsBench('two-backend')];
    one.memory.setAttributes({ firstGfn: 100, endGfn: 104 }, 'shared');
    expect(String(one.stored())).toBe(String(other.stored()));
    one.words.load(other.stored(), 0);
    expect(one.memory.sideAt(one.sections[2]!, 0)).toBe('private');
  });
});

class ForgetsOwners extends FrameNames {
  override refOf(frame: number): number {
    return super.refOf(frame) & ~1;
  }
}

class NamesByIdentity extends FrameNames {
  override refOf(frame: number): number {
    const ref = super.refOf(frame);
    return ref === 0 ? 0 : frame * 2 + (ref & 1);
  }
}

class NamesOrphansFirst extends FrameNames {
  override beginStore(): void {
    super.beginStore();
    for (let frame = 1; frame < this.frames.endIdentity; frame += 1) if (this.frames.isOrphan(frame)) this.refOf(frame);
  }
}

/** Pins that a load gets wrong: `off` is how many too many each held frame is given, or too few. */
class MiscountsPins extends PinSlots {
  readonly #frames: FrameNames['frames'];
  readonly #off: 1 | -1;

  constructor(names: FrameNames, off: 1 | -1) {
    super(names);
    this.#frames = names.frames;
    this.#off = off;
  }

  override load(words: Int32Array, at: number): void {
    super.load(words, at);
    for (const frame of this.held) {
      if (frame === 0) continue;
      if (this.#off === 1) this.#frames.pin(frame);
      else this.#frames.unpin(frame);
    }
  }
}

/** Words that leave something out: `mask` is what stays of word `index` of `count`. */
function blanked(words: Words, mask: (index: number, count: number) => number): Words {
  return {
    count: words.count,
    load: (from, at) => words.load(from, at),
    store(into, at) {
      words.store(into, at);
      for (let index = 0; index < words.count; index += 1) into[at + index]! &= mask(index, words.count);
    },
  };
}

const blanking = (mask: (index: number, count: number) => number): Partial<Parts> => ({
  memory: (words) => blanked(words, mask),
});

const PLANTED: Readonly<Record<string, Partial<Parts>>> = {
  'forgets owners': { names: ({ frames }) => new ForgetsOwners(frames) },
  'names by identity': { names: ({ frames }) => new NamesByIdentity(frames) },
  'names orphans first': { names: ({ frames }) => new NamesOrphansFirst(frames) },
  'keeps a pin': { pins: (names) => new MiscountsPins(names, 1) },
  'takes no pins': { pins: (names) => new MiscountsPins(names, -1) },
  'forgets the private side': blanking((index) => (index < 45 ? 0xffff : -1)),
  'forgets the long section above bit 32': blanking((index, count) => (index === count - 4 ? 0 : -1)),
  'forgets which sections are there': blanking((index, count) => (index === count - 2 ? 0b11010 : -1)),
  'forgets a coordination count': blanking((index, count) => (index === count - 1 ? 0x00ff_ffff : -1)),
};

describe('a planted fault is caught', () => {
  test.each(Object.entries(PLANTED))('that %s', (_what, fault) => {
    const parts = { ...SOUND_PARTS, ...fault };
    const isCaught = REGIMES.some((regime) => {
      const lost = fc.property(journey, (operations) => firstLoss(...benchesOf(regime, parts), operations) === undefined);
      const confused = fc.property(twoOrders, (ways) => firstConfusion(...benchesOf(regime, parts), ways) === undefined);
      const options = { seed: 1, numRuns: 300, endOnFailure: true };
      return [fc.check(lost, options), fc.check(confused, options)].some(({ failed }) => failed);
    });
    expect(isCaught).toBe(true);
  });
});
