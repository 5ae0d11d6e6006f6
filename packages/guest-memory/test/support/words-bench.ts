// SPDX-License-Identifier: MIT
/*
 * A guest memory and a holder of pins, with everything that can be seen of them (`look`) and everything that can be done
 * to them (`act`). The look renames frames on its own, by walking a list of what was reached before.
 * Operations name pages, slots and ranges modulo what there is, so every shrink stays legal.
 */
import {
  ERRNO,
  FrameNames,
  GuestMemory,
  guestMemfdHostPage,
  type PageRange,
  type RamBlock,
  type Regime,
  type Section,
  type Side,
  type Status,
  type Words,
  type WordsSubject,
  WorldWords,
} from '@sda-lab/guest-memory';
import fc from 'fast-check';

const COUNTS = ['require', 'coordinatedRequire', 'disable', 'uncoordinatedDisable'] as const;
const SIDES: readonly Side[] = ['shared', 'private'];
const PIN_SLOTS = 4;

export type MemoryOperation =
  | {
      readonly op: 'populate' | 'discard' | 'convert' | 'attributes';
      readonly at: number;
      readonly count: number;
      readonly side: Side;
    }
  | { readonly op: 'pin'; readonly at: number; readonly slot: number; readonly side: Side }
  | { readonly op: 'unpin'; readonly slot: number }
  | { readonly op: 'section'; readonly at: number }
  | { readonly op: 'count'; readonly which: number; readonly take: boolean }
  | { readonly op: 'write'; readonly at: number; readonly value: number }
  | { readonly op: 'rebuild' };

const side: fc.Arbitrary<Side> = fc.constantFrom('shared', 'private');

const operation: fc.Arbitrary<MemoryOperation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom('populate' as const, 'discard' as const, 'convert' as const, 'attributes' as const),
      at: fc.nat(20),
      count: fc.integer({ min: 1, max: 4 }),
      side,
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('pin' as const), at: fc.nat(20), slot: fc.nat(PIN_SLOTS - 1), side }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('unpin' as const), slot: fc.nat(PIN_SLOTS - 1) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('section' as const), at: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('count' as const), which: fc.nat(3), take: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('write' as const), at: fc.nat(20), value: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'rebuild' as const }) },
);

export const memoryOperations: fc.Arbitrary<MemoryOperation[]> = fc.array(operation, { maxLength: 30, size: 'max' });

/** Frames that somebody holds in a few numbered slots, as a container holds them under its pages. */
export class PinSlots implements Words {
  readonly count = PIN_SLOTS;
  readonly held: number[] = Array.from({ length: PIN_SLOTS }, () => 0);
  readonly #names: FrameNames;

  constructor(names: FrameNames) {
    this.#names = names;
  }

  store(words: Int32Array, at: number): void {
    for (const [slot, frame] of this.held.entries()) words[at + slot] = this.#names.refOf(frame);
  }

  load(words: Int32Array, at: number): void {
    for (const slot of this.held.keys()) {
      const ref = words[at + slot]!;
      const frame = ref === 0 ? 0 : this.#names.frameOf(ref, false);
      if (frame !== 0) this.#names.frames.pin(frame);
      this.held[slot] = frame;
    }
  }
}

/** How the parts of a bench are made; tests put faults into them. */
export interface Parts {
  readonly names: (memory: GuestMemory) => FrameNames;
  readonly memory: (words: Words) => Words;
  readonly pins: (names: FrameNames) => PinSlots;
}

export const SOUND_PARTS: Parts = {
  names: ({ frames }) => new FrameNames(frames),
  memory: (words) => words,
  pins: (names) => new PinSlots(names),
};

export class WordsBench implements WordsSubject<MemoryOperation> {
  readonly memory: GuestMemory;
  readonly words: WorldWords;
  readonly pins: PinSlots;
  readonly blocks: readonly RamBlock[];
  readonly sections: readonly Section[];

  /** Two aliases of one block, a ROM, and two memslots that come and go; one block more than 32 pages long. */
  constructor(regime: Regime, parts: Parts = SOUND_PARTS) {
    this.memory = new GuestMemory({ regime, gfnCount: 200 });
    const [ram, rom, slots] = [
      this.memory.addBlock('ram', 6, true),
      this.memory.addBlock('rom', 1, false),
      this.memory.addBlock('slots', 38, true, { isPluggable: true }),
    ];
    this.blocks = [ram, rom, slots];
    const fixed = { readonly: false, firstPage: 0 };
    this.sections = [
      { ...fixed, name: 'slot1', block: slots, firstPage: 34, pageCount: 4, firstGfn: 134 },
      { ...fixed, name: 'low', block: ram, pageCount: 4, firstGfn: 0 },
      { ...fixed, name: 'slot0', block: slots, pageCount: 34, firstGfn: 100 },
      { ...fixed, name: 'high', block: ram, firstPage: 3, pageCount: 3, firstGfn: 16 },
      { ...fixed, name: 'rom', block: rom, pageCount: 1, firstGfn: 8, readonly: true },
    ];
    for (const section of this.sections) if (!section.name.startsWith('slot')) this.memory.addSection(section);
    const names = parts.names(this.memory);
    this.pins = parts.pins(names);
    this.words = new WorldWords(names, {
      memory: parts.memory(this.memory.words(names, this.sections)),
      containers: [this.pins],
      listeners: [],
      devices: [],
      others: [],
    });
  }

  stored(): Int32Array {
    const words = new Int32Array(this.words.count);
    this.words.store(words, 0);
    return words;
  }

  act(each: MemoryOperation): string {
    return String(this.#apply(each));
  }

  #apply(each: MemoryOperation): Status {
    const { memory } = this;
    switch (each.op) {
      case 'populate':
      case 'discard':
      case 'convert':
        return this.#onRange(each.op, this.#rangeAt(each.at, each.count), each.side);
      case 'attributes':
        return memory.setAttributes(this.#gfnsAt(each.at, each.count), each.side);
      case 'pin':
        return this.#pin(each.at, each.slot, each.side);
      case 'unpin':
        return this.#unpin(each.slot);
      case 'section':
        return this.#flip(each.at);
      case 'count':
        return this.#count(COUNTS[each.which]!, each.take);
      case 'write':
        return this.#write(each.at, each.value);
      case 'rebuild':
        memory.rebuild(this.blocks[0]!);
        return 0;
    }
  }

  /** Everything that can be seen, as one line; contents and identities of frames are not. */
  look(): string {
    const { memory, blocks, sections, pins } = this;
    const reached: number[] = [];
    const named = (frame: number): string => {
      if (frame === 0) return '-';
      if (!reached.includes(frame)) reached.push(frame);
      const { frames } = memory;
      const kind = frames.isOrphan(frame) ? 'orphan' : 'backed';
      return `${reached.indexOf(frame)} ${kind} ${frames.owner(frame)} ${frames.pins(frame)}`;
    };
    const backings = blocks.map((block) =>
      Array.from({ length: block.pageCount }, (_, page) =>
        SIDES.map((one) => named(memory.backing(block, page, one))).join('/'),
      ),
    );
    const held = pins.held.map(named);
    const present = sections.filter((section) => memory.addressSpace.sections.includes(section));
    // In place a side belongs to guest_memfd and outlives the slot; attributes are set anew with it.
    const sides = (memory.regime === 'in-place' ? sections : present).map((section) => [
      section.name,
      present.includes(section),
      ...Array.from({ length: section.pageCount }, (_, at) => memory.sideAt(section, section.firstPage + at)),
    ]);
    const { required, coordinatedRequired, disabled, uncoordinatedDisabled } = memory.coordination;
    const counts = [required, coordinatedRequired, disabled, uncoordinatedDisabled];
    const { liveCount, orphanCount, pinCount } = memory.frames;
    return JSON.stringify([backings, held, sides, counts, { liveCount, orphanCount, pinCount }]);
  }

  /** What the frame table calls the frames behind all pages. */
  identities(): number[] {
    const sidesOf = (block: RamBlock, page: number): number[] => SIDES.map((one) => this.memory.backing(block, page, one));
    return this.blocks.flatMap((block) => Array.from({ length: block.pageCount }, (_, page) => sidesOf(block, page)).flat());
  }

  #rangeAt(at: number, count: number): PageRange {
    const block = this.blocks[at % 3]!;
    // Near the end of the long block, too.
    const firstPage = (at * 7) % block.pageCount;
    return { block, firstPage, endPage: Math.min(block.pageCount, firstPage + count) };
  }

  #gfnsAt(at: number, count: number): { firstGfn: number; endGfn: number } {
    const section = this.sections[at % this.sections.length]!;
    const firstGfn = section.firstGfn + ((at * 5) % section.pageCount);
    return { firstGfn, endGfn: firstGfn + count };
  }

  #onRange(op: 'populate' | 'discard' | 'convert', range: PageRange, to: Side): Status {
    if (op === 'discard') return this.memory.discard(range, to);
    if (op === 'convert') return this.memory.convertInPlace(range, to);
    this.memory.populate(range.block, range.firstPage, to);
    return 0;
  }

  #pin(at: number, slot: number, from: Side): Status {
    if (this.pins.held[slot] !== 0) return -ERRNO.EEXIST;
    const { block, firstPage } = this.#rangeAt(at, 1);
    const page = from === 'shared' ? block.hostFirstPage + firstPage : guestMemfdHostPage(block, firstPage);
    const frame = this.memory.pinPage(page, true);
    if (frame > 0) this.pins.held[slot] = frame;
    return Math.min(frame, 0);
  }

  #unpin(slot: number): Status {
    const frame = this.pins.held[slot]!;
    if (frame === 0) return -ERRNO.ENOENT;
    this.memory.frames.unpin(frame);
    this.pins.held[slot] = 0;
    return 0;
  }

  #flip(at: number): Status {
    const section = this.sections[at % 2 === 0 ? 0 : 2]!;
    if (this.memory.addressSpace.sections.includes(section)) this.memory.removeSection(section);
    else this.memory.addSection(section);
    return 0;
  }

  #count(which: (typeof COUNTS)[number], take: boolean): Status {
    const { coordination } = this.memory;
    const taken = {
      require: coordination.required,
      coordinatedRequire: coordination.coordinatedRequired,
      disable: coordination.disabled,
      uncoordinatedDisable: coordination.uncoordinatedDisabled,
    };
    return !take && taken[which] === 0 ? -ERRNO.EINVAL : coordination[which](take);
  }

  #write(at: number, value: number): Status {
    const { block, firstPage } = this.#rangeAt(at, 1);
    const frame = this.memory.backing(block, firstPage, 'shared');
    if (frame !== 0) this.memory.frames.write(frame, value, 8 * (at % 2));
    return 0;
  }
}
