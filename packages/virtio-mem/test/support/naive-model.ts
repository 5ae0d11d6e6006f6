// SPDX-License-Identifier: MIT
/**
 * The device once more, as an array of booleans and a list of lines: what must be answered, what must be called in
 * which order, and what the device must answer about its blocks at each call. Written to be read, not to be fast;
 * shares no code with the device. Does not cover: request fields that no guest can send, saving and loading.
 */
import type { Answer, GuestResponse } from '../../src/index.ts';
import type { Faults } from './bench.ts';

export interface ModelShape {
  readonly blockCount: number;
  readonly blockPages: number;
  readonly requestedBlocks: number;
  readonly extentPages: number;
  readonly firstGfn: number;
  readonly regime: 'two-backend' | 'in-place';
  readonly hasGuestMemfd: boolean;
  /** 0: no dynamic memslots. */
  readonly blocksPerMemslot: number;
  readonly hasPrealloc: boolean;
}

export interface ModelResult {
  readonly response: GuestResponse;
  readonly lines: readonly string[];
}

export class NaiveModel {
  readonly shape: ModelShape;
  blocks: boolean[];
  requested: number;
  usable: number;
  migrating = false;
  /** One entry per memslot. */
  active: boolean[];

  constructor(shape: ModelShape) {
    this.shape = shape;
    this.blocks = Array.from({ length: shape.blockCount }, () => false);
    this.requested = shape.requestedBlocks;
    this.usable = this.#usableFor(shape.requestedBlocks);
    this.active = shape.blocksPerMemslot === 0 ? [] : this.blocks.flatMap((_, at) => this.#isFirst(at) ? [false] : []);
  }

  get plugged(): number {
    return this.blocks.filter(Boolean).length;
  }

  text(): string {
    return this.blocks.map((isPlugged) => (isPlugged ? 'P' : 'u')).join('');
  }

  activeText(): string {
    return this.active.map((isActive) => (isActive ? 'A' : '-')).join('');
  }

  setRequested(blocks: number): void {
    this.requested = blocks;
    const usable = this.#usableFor(blocks);
    if (usable > this.usable) this.usable = usable;
  }

  request(type: 'PLUG' | 'UNPLUG' | 'STATE', addr: bigint, count: number, faults: Faults): ModelResult {
    const named = this.#named(addr, count);
    if (named === undefined) return refused('ERROR');
    const states = named.map((index) => this.blocks[index]);
    if (type === 'STATE') {
      if (states.every(Boolean)) return { response: { answer: 'ACK', state: 'PLUGGED' }, lines: [] };
      const state = states.some(Boolean) ? 'MIXED' : 'UNPLUGGED';
      return { response: { answer: 'ACK', state }, lines: [] };
    }
    if (type === 'PLUG' && this.plugged + count > this.requested) return refused('NACK');
    if (states.some((isPlugged) => isPlugged === (type === 'PLUG'))) return refused('ERROR');
    if (this.migrating) return refused('BUSY');
    return type === 'PLUG' ? this.#plug(named, faults) : this.#unplug(named, faults);
  }

  unplugAll(faults: Faults): ModelResult {
    let result: ModelResult = { response: { answer: 'ACK' }, lines: [] };
    if (this.plugged > 0) {
      if (this.migrating) return refused('BUSY');
      const all = [...this.blocks.keys()];
      result = this.#takeAway(all, faults, 'willUnplugAll', faults.willUnplugAll, 'discardedAll');
      if (result.response.answer !== 'ACK') return result;
    }
    this.usable = this.#usableFor(this.requested);
    return result;
  }

  #plug(named: readonly number[], faults: Faults): ModelResult {
    const pages = this.#pages(named);
    const [before, after] = ['u', 'P'].map((letter) => letter.repeat(named.length));
    const ready = this.#prepare(named, faults);
    const lines = [...ready.lines];
    if (ready.done) lines.push(`willPlug ${pages} ${before}`);
    if (!ready.done || faults.willPlug !== 0) {
      if (ready.done) lines.push(`plugAborted ${pages} ${before}`);
      lines.push(...this.#deactivations(named), ...this.#discards(pages, faults).lines);
      return { response: { answer: 'BUSY' }, lines };
    }
    for (const index of named) this.blocks[index] = true;
    return { response: { answer: 'ACK' }, lines: [...lines, `plugged ${pages} ${after}`] };
  }

  #prepare(named: readonly number[], faults: Faults): { lines: string[]; done: boolean } {
    const lines = this.shape.hasPrealloc ? [`prealloc ${this.#pages(named)}`] : [];
    if (this.shape.hasPrealloc && faults.prealloc !== 0) return { lines, done: false };
    for (const [slot, isActive] of this.active.entries()) {
      const inSlot = this.#blocksOf(slot);
      if (isActive || !inSlot.some((index) => named.includes(index))) continue;
      lines.push(`activate ${slot} ${this.#pages(inSlot)}`);
      if (slot % 2 === 1 && faults.activateOdd !== 0) return { lines, done: false };
      this.active[slot] = true;
      const isTold = this.shape.hasGuestMemfd && this.shape.regime === 'two-backend';
      // A memslot comes while nothing is plugged in it.
      if (isTold) lines.push(`slotAdded ${this.#pages(inSlot)} ${'u'.repeat(inSlot.length)}`);
    }
    return { lines, done: true };
  }

  /** Memslots of the range that have nothing plugged left. */
  #deactivations(named: readonly number[]): string[] {
    const lines: string[] = [];
    for (const [slot, isActive] of this.active.entries()) {
      const inSlot = this.#blocksOf(slot);
      const isNamed = inSlot.some((index) => named.includes(index));
      if (!isActive || !isNamed || inSlot.some((index) => this.blocks[index] === true)) continue;
      this.active[slot] = false;
      lines.push(`deactivate ${slot} ${this.#pages(inSlot)}`);
    }
    return lines;
  }

  #blocksOf(slot: number): number[] {
    return [...this.blocks.keys()].filter((index) => Math.floor(index / this.shape.blocksPerMemslot) === slot);
  }

  #isFirst(block: number): boolean {
    return block % this.shape.blocksPerMemslot === 0;
  }

  #unplug(named: readonly number[], faults: Faults): ModelResult {
    return this.#takeAway(named, faults, 'willUnplug', faults.willUnplug, 'discarded');
  }

  #takeAway(named: readonly number[], faults: Faults, ask: string, refusal: number, tell: string): ModelResult {
    const pages = this.#pages(named);
    const before = named.map((index) => (this.blocks[index] === true ? 'P' : 'u')).join('');
    const lines = [`${ask} ${pages} ${before}`];
    if (refusal !== 0) return { response: { answer: 'BUSY' }, lines };
    const discards = this.#discards(pages, faults);
    lines.push(...discards.lines);
    if (!discards.done) {
      return { response: { answer: 'BUSY' }, lines: [...lines, `unplugAborted ${pages} ${before}`] };
    }
    for (const index of named) this.blocks[index] = false;
    const after = 'u'.repeat(named.length);
    return {
      response: { answer: 'ACK' },
      lines: [...lines, `${tell} ${pages} ${before}`, `unplugged ${pages} ${after}`, ...this.#deactivations(named)],
    };
  }

  #discards(pages: string, faults: Faults): { lines: string[]; done: boolean } {
    const lines = [`discard-shared ${pages}`];
    if (faults.discardShared !== 0) return { lines, done: false };
    if (!this.shape.hasGuestMemfd || this.shape.regime === 'in-place') return { lines, done: true };
    return { lines: [...lines, `discard-private ${pages}`], done: faults.discardPrivate === 0 };
  }

  /** Block indexes, found by trying every usable block's address, or undefined when one is missing. */
  #named(addr: bigint, count: number): number[] | undefined {
    const blockBytes = this.shape.blockPages * 4096;
    const found: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const wanted = addr + BigInt(n * blockBytes);
      const index = this.blocks.findIndex(
        (_, at) => BigInt(this.shape.firstGfn * 4096 + at * blockBytes) === wanted,
      );
      if (index === -1 || index >= this.usable) return undefined;
      found.push(index);
    }
    return found.length === 0 ? undefined : found;
  }

  #pages(named: readonly number[]): string {
    const { blockPages } = this.shape;
    return `[${named[0]! * blockPages},${(named.at(-1)! + 1) * blockPages})`;
  }

  #usableFor(requested: number): number {
    if (requested === 0) return 0;
    let usable = requested;
    while (usable < this.shape.blockCount && (usable - requested) * this.shape.blockPages < this.shape.extentPages) {
      usable += 1;
    }
    return usable;
  }
}

function refused(answer: Answer): ModelResult {
  return { response: { answer }, lines: [] };
}
