// SPDX-License-Identifier: MIT
/**
 * A guest for the laws of words: one instance of a design with two blocks, four sections (an alias among them), three
 * consumers and three plug sources that write down every call, and a host that agrees to all. Its words are the design's
 * and those of the guest itself: who follows what, which sources are in, what they call plugged.
 *
 * A look shows the design's views, and then probes: with every call accepted and every page plugged, each block is
 * shared and taken back as a whole, a source comes and goes, and what was shared is shared again. Calls then show who is
 * told in which order, in which granules, who is asked, and in which steps.
 *
 * Not covered: designs that remember what a consumer has mapped, which a probe would change; in-place regime.
 */
import {
  assert,
  type Cast,
  type Consumer,
  ERRNO,
  type Host,
  type Instance,
  type PageRange,
  type PlugSource,
  type RamBlock,
  type Section,
  type Side,
  type Status,
  type Strategy,
  type View,
  type Words,
  type WordsSubject,
} from '@sda-lab/guest-memory';
import type { WordsAct, WordsDeed } from './words-act.ts';

const RAM_PAGES = 36;
const AUX_PAGES = 8;
const CONSUMERS = 3;
const VIEWS: readonly View[] = ['dma', 'migrate', 'dump', 'translate'];
/** Follows, sources that are in, and a word of plugged granules for each source. */
const OWN_WORDS = 5;

type PlugDeed = Exclude<WordsDeed, { readonly op: 'convert' | 'switch' | 'join' | 'reset' }>;

interface Slot {
  readonly consumer: Consumer;
  readonly section: Section;
}

interface Source {
  readonly block: RamBlock;
  readonly port: PlugSource;
}

export class WordsGuest implements WordsSubject<WordsAct> {
  readonly words: Words;
  readonly #instance: Instance;
  readonly #ram: RamBlock = { name: 'ram', pageCount: RAM_PAGES, hostFirstPage: 0, hasGuestMemfd: true, isPluggable: true };
  readonly #aux: RamBlock;
  readonly #slots: readonly Slot[];
  readonly #sources: readonly Source[];
  /** A source that no cast names, to be told by. */
  readonly #probe: PlugSource = { name: 'probe', granulePages: 4, isPlugged: (first, end) => this.#ask('probe', first, end, false) };
  /** A bit per slot; a bit per source; a bit per granule of each source. */
  #following = 0;
  #joined = 0;
  readonly #plugged = [0, 0, 0];
  #calls: string[] = [];
  #isProbing = false;
  #refusedCall = 0;

  /** `plant` puts a fault into the design's words. */
  constructor(strategy: Strategy, plant: (words: Words) => Words = (words) => words) {
    const isPlain = strategy.capabilities.virtioMem;
    this.#aux = { name: 'aux', pageCount: AUX_PAGES, hostFirstPage: 100, hasGuestMemfd: !isPlain, isPluggable: true };
    this.#instance = strategy.create(this.#createHost(), new Set());
    for (const block of [this.#ram, this.#aux]) assert(this.#instance.addBlock(block) === 0, 'a block is taken');
    const { rollback } = strategy.listener;
    const consumers = Array.from({ length: CONSUMERS }, (_, at) => this.#createConsumer(`c${at}`, rollback));
    const sections = this.#createSections();
    this.#slots = consumers.flatMap((consumer) => sections.map((section) => ({ consumer, section })));
    this.#sources = [this.#createSource(0, this.#ram, 4), this.#createSource(1, this.#ram, 2), this.#createSource(2, this.#aux, 4)];
    const cast: Cast = { consumers, sections, sources: this.#sources.map(({ port }) => port) };
    const words = this.#instance.words?.(cast);
    assert(words !== undefined, 'the design has words');
    this.words = this.#withOwn(plant(words));
  }

  act({ deed, refusedCall }: WordsAct): string {
    this.#refusedCall = refusedCall;
    const status = this.#do(deed);
    this.#refusedCall = 0;
    return [status, ...this.#take()].join('; ');
  }

  look(): string {
    const before = this.#stored();
    const seen = this.#see();
    assert(this.#stored() === before, 'a look leaves no trace');
    return seen;
  }

  #stored(): string {
    const words = new Int32Array(this.words.count);
    this.words.store(words, 0);
    return words.join(' ');
  }

  #see(): string {
    const views = [this.#ram, this.#aux].flatMap((block) => VIEWS.map((view) => `${view} ${this.#runs(block, view)}`));
    this.#take();
    const own = [this.#following, this.#joined, ...this.#plugged];
    return [own.join(' '), ...views, ...this.#showOrder()].join('\n');
  }

  /** Calls of the design since the last time. */
  #take(): string[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #do(deed: WordsDeed): Status | 'nothing' {
    switch (deed.op) {
      case 'convert':
        return this.#convertPart(deed);
      case 'switch':
        return this.#switch(deed.slot);
      case 'join':
        return this.#join(deed.source);
      case 'reset':
        return this.#instance.reset();
      default:
        return (this.#joined & (1 << deed.source)) === 0 ? 'nothing' : this.#tellPlug(deed);
    }
  }

  /** In the first block where the second has no private side. */
  #convertPart({ block: at, firstPage, pageCount, to }: Extract<WordsDeed, { readonly op: 'convert' }>): Status {
    const block = at === 1 && this.#aux.hasGuestMemfd ? this.#aux : this.#ram;
    const first = firstPage % block.pageCount;
    return this.#convert(block, first, Math.min(first + pageCount, block.pageCount), to);
  }

  #convert(block: RamBlock, firstPage: number, endPage: number, to: Side): Status {
    const gfns = { firstGfn: firstPage, endGfn: endPage };
    return this.#instance.convert({ pages: { block, firstPage, endPage }, gfns }, to);
  }

  #switch(slot: number): Status {
    const { consumer, section } = this.#slots[slot]!;
    const bit = 1 << slot;
    if ((this.#following & bit) !== 0) {
      this.#instance.unsubscribe(consumer, section);
      this.#following &= ~bit;
      return 0;
    }
    const status = this.#instance.subscribe(consumer, section);
    if (status === 0) this.#following |= bit;
    return status;
  }

  #join(at: number): Status {
    const { block, port } = this.#sources[at]!;
    const isIn = (this.#joined & (1 << at)) !== 0;
    const status = isIn ? this.#instance.detachSource(block, port) : this.#instance.attachSource(block, port);
    if (status === 0) this.#joined ^= 1 << at;
    return status;
  }

  #tellPlug(deed: PlugDeed): Status {
    const { block, port } = this.#sources[deed.source]!;
    const whole: PageRange = { block, firstPage: 0, endPage: block.pageCount };
    const { plug } = this.#instance;
    switch (deed.op) {
      case 'load':
        return plug.loaded(port, whole, (first, end, emit) => this.#forEachPluggedRun(deed.source, first, end, emit));
      case 'unplug-all': {
        const status = plug.willUnplugAll(port, whole);
        if (status !== 0) return status;
        plug.discardedAll(port, whole);
        this.#plugged[deed.source] = 0;
        plug.unplugged(port, whole);
        return 0;
      }
      default: {
        const granules = block.pageCount / port.granulePages;
        const first = deed.granule % granules;
        const end = Math.min(first + deed.count, granules);
        return deed.op === 'plug' ? this.#plug(deed.source, first, end) : this.#unplug(deed.source, first, end);
      }
    }
  }

  #plug(source: number, first: number, end: number): Status {
    const { port } = this.#sources[source]!;
    const { plug } = this.#instance;
    const range = this.#rangeOf(source, first, end);
    const status = plug.willPlug(port, range);
    if (status !== 0) {
      plug.plugAborted(port, range);
      return status;
    }
    for (let granule = first; granule < end; granule += 1) this.#plugged[source]! |= 1 << granule;
    plug.plugged(port, range);
    return 0;
  }

  #unplug(source: number, first: number, end: number): Status {
    const { port } = this.#sources[source]!;
    const { plug } = this.#instance;
    const range = this.#rangeOf(source, first, end);
    const status = plug.willUnplug(port, range);
    if (status !== 0) return status;
    plug.discarded(port, range);
    for (let granule = first; granule < end; granule += 1) this.#plugged[source]! &= ~(1 << granule);
    plug.unplugged(port, range);
    return 0;
  }

  #rangeOf(source: number, first: number, end: number): PageRange {
    const { block, port } = this.#sources[source]!;
    return { block, firstPage: first * port.granulePages, endPage: end * port.granulePages };
  }

  #forEachPluggedRun(source: number, firstPage: number, endPage: number, emit: (first: number, end: number) => Status): Status {
    const { granulePages } = this.#sources[source]!.port;
    for (let page = firstPage; page < endPage; page += granulePages) {
      const isPlugged = (this.#plugged[source]! & (1 << (page / granulePages))) !== 0;
      const status = isPlugged ? emit(page, page + granulePages) : 0;
      if (status !== 0) return status;
    }
    return 0;
  }

  /** Everything that only calls can show; the state is the same afterwards. */
  #showOrder(): string[] {
    this.#isProbing = true;
    const shown = [this.#ram, this.#aux].flatMap((block) => this.#probeBlock(block));
    this.#isProbing = false;
    return shown;
  }

  #probeBlock(block: RamBlock): string[] {
    if (!block.hasGuestMemfd) return this.#probeSources(block);
    const shared: [number, number][] = [];
    this.#instance.runs(block, 'dma', 0, block.pageCount, (first, end) => (shared.push([first, end]), 0));
    const asked = this.#take();
    this.#convert(block, 0, block.pageCount, 'shared');
    this.#take();
    this.#convert(block, 0, block.pageCount, 'private');
    this.#convert(block, 0, block.pageCount, 'shared');
    const told = [...this.#take(), ...this.#probeSources(block)];
    this.#convert(block, 0, block.pageCount, 'private');
    for (const [first, end] of shared) this.#convert(block, first, end, 'shared');
    this.#take();
    return [`shared ${shared.join(' ')}`, ...asked, ...told];
  }

  #probeSources(block: RamBlock): string[] {
    if (this.#instance.attachSource(block, this.#probe) === 0) this.#instance.detachSource(block, this.#probe);
    return this.#take();
  }

  #runs(block: RamBlock, view: View): string {
    const runs: string[] = [];
    this.#instance.runs(block, view, 0, block.pageCount, (...run) => (runs.push(run.join('-')), 0));
    return runs.join(' ');
  }

  #ask(name: string, firstPage: number, endPage: number, answer: boolean): boolean {
    this.#calls.push(`ask ${name} ${firstPage}-${endPage}`);
    return answer;
  }

  #call(line: string): Status {
    this.#calls.push(line);
    if (this.#isProbing || this.#refusedCall === 0) return 0;
    this.#refusedCall -= 1;
    return this.#refusedCall === 0 ? -ERRNO.ENOMEM : 0;
  }

  #createConsumer(name: string, rollback: 'run' | 'none'): Consumer {
    const consumer = {
      name,
      sides: 'shared' as const,
      smallestPages: 1,
      unmapShape: 'range' as const,
      done: 0,
      mapRun: (section: Section, side: Side, first: number, count: number, granulePages: number): Status => {
        const status = this.#call(`map ${name} ${section.name} ${side} ${first}+${count} by ${granulePages}`);
        consumer.done = status === 0 || rollback === 'run' ? 0 : Math.floor(count / granulePages / 2);
        return status;
      },
      unmapRun: (section: Section, side: Side, first: number, count: number): Status =>
        this.#call(`unmap ${name} ${section.name} ${side} ${first}+${count}`),
    };
    return consumer;
  }

  #createSource(at: number, block: RamBlock, granulePages: number): Source {
    const name = `m${at}`;
    const isPlugged = (firstPage: number, endPage: number): boolean => {
      for (let granule = Math.floor(firstPage / granulePages); granule * granulePages < endPage; granule += 1) {
        if ((this.#plugged[at]! & (1 << granule)) === 0) return this.#isProbing;
      }
      return true;
    };
    const port = { name, granulePages, isPlugged: (first: number, end: number) => this.#ask(name, first, end, isPlugged(first, end)) };
    return { block, port };
  }

  #createSections(): Section[] {
    return [
      sectionOf('low', this.#ram, 0, 20, 0),
      sectionOf('high', this.#ram, 20, RAM_PAGES, 20),
      sectionOf('alias', this.#ram, 16, 24, 60),
      sectionOf('aux', this.#aux, 0, AUX_PAGES, 100),
    ];
  }

  #createHost(): Host {
    const agree = (line: string): Status => {
      this.#calls.push(line);
      return 0;
    };
    return {
      regime: 'two-backend',
      isDiscardDisabled: false,
      setAttributes: ({ firstGfn, endGfn }, side) => agree(`attributes ${firstGfn}-${endGfn} ${side}`),
      convertInPlace: () => -ERRNO.EINVAL,
      discard: ({ block, firstPage, endPage }, side) => agree(`discard ${side} ${block.name} ${firstPage}-${endPage}`),
      lock: () => true,
      unlock: () => undefined,
      exit: (reason) => void agree(`exit ${reason}`),
    };
  }

  #withOwn(inner: Words): Words {
    return {
      count: OWN_WORDS + inner.count,
      get isWhole(): boolean {
        return inner.isWhole !== false;
      },
      store: (words, at) => {
        words.set([this.#following, this.#joined, ...this.#plugged], at);
        inner.store(words, at + OWN_WORDS);
      },
      load: (words, at) => {
        const calls = this.#calls.length;
        inner.load(words, at + OWN_WORDS);
        assert(this.#calls.length === calls, 'a load calls nobody');
        [this.#following, this.#joined] = [words[at]!, words[at + 1]!];
        for (const source of this.#plugged.keys()) this.#plugged[source] = words[at + 2 + source]!;
      },
    };
  }
}

function sectionOf(name: string, block: RamBlock, firstPage: number, endPage: number, firstGfn: number): Section {
  return { name, block, firstPage, pageCount: endPage - firstPage, firstGfn, readonly: false };
}
