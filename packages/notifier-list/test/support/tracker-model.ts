// SPDX-License-Identifier: MIT
/*
 * The naive tracker: booleans per page and a set of mapped pages per handler, written from the sentences in the header
 * of dma-mapping-tracker.ts. `firstDisagreement` drives a strategy and this model through the same operations.
 */
import type { Consumer, Host, RamBlock, Section, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';

export const PAGES = 8;
const HANDLERS = 3;

export type TrackerOperation =
  | { readonly op: 'convert'; readonly first: number; readonly count: number; readonly to: 'shared' | 'private' }
  | { readonly op: 'register' | 'unregister'; readonly handler: number }
  /** The k-th call from now on, map or unmap, is refused; 0: none is. */
  | { readonly op: 'refuse'; readonly k: number };

export const trackerOperations: fc.Arbitrary<TrackerOperation[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('convert' as const),
        first: fc.nat(PAGES - 1),
        count: fc.integer({ min: 1, max: PAGES }),
        to: fc.constantFrom('shared' as const, 'shared' as const, 'private' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('register' as const), handler: fc.nat(HANDLERS - 1) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('unregister' as const), handler: fc.nat(HANDLERS - 1) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('refuse' as const), k: fc.nat(6) }) },
  ),
  { maxLength: 20, size: 'max' },
);

/** Handler windows: all pages, the lower half, the upper half. */
const WINDOWS = [
  [0, PAGES],
  [0, PAGES / 2],
  [PAGES / 2, PAGES],
] as const;

/** Refuses the k-th call from when it was told so. */
class Refusals {
  left = 0;

  next(): number {
    if (this.left === 0) return 0;
    this.left -= 1;
    return this.left === 0 ? -12 : 0;
  }
}

interface Machine {
  apply(operation: TrackerOperation): number;
  /** Pages each handler has mapped, and the calls made so far. */
  look(): string;
}

class Model implements Machine {
  readonly #refusals = new Refusals();
  readonly #shared = Array.from({ length: PAGES }, () => false);
  readonly #mapped = WINDOWS.map(() => new Set<number>());
  readonly #calls: string[] = [];
  #order: number[] = [];

  apply(operation: TrackerOperation): number {
    switch (operation.op) {
      case 'refuse':
        this.#refusals.left = operation.k;
        return 0;
      case 'register':
        return this.#order.includes(operation.handler) ? 0 : this.#register(operation.handler);
      case 'unregister':
        if (this.#order.includes(operation.handler)) this.#unregister(operation.handler);
        return 0;
      case 'convert': {
        const end = Math.min(operation.first + operation.count, PAGES);
        return operation.to === 'shared' ? this.#share(operation.first, end) : this.#unshare(operation.first, end);
      }
    }
  }

  look(): string {
    return JSON.stringify([this.#mapped.map((pages) => [...pages].toSorted((a, b) => a - b)), this.#calls]);
  }

  #register(handler: number): number {
    for (let page = 0; page < PAGES; page += 1) {
      const status = this.#shared[page]! ? this.#map(handler, page) : 0;
      if (status !== 0) return status;
    }
    this.#order = [...this.#order, handler];
    return 0;
  }

  #unregister(handler: number): void {
    this.#order = this.#order.filter((other) => other !== handler);
    const [windowFirst, windowEnd] = WINDOWS[handler]!;
    for (const [first, end] of this.#runs(windowFirst, windowEnd)) this.#unmap(handler, first, end);
  }

  #share(first: number, end: number): number {
    for (let page = first; page < end; page += 1) {
      if (this.#shared[page]!) continue;
      this.#shared[page] = true;
      for (const handler of this.#order) {
        const status = this.#map(handler, page);
        if (status !== 0) return status;
      }
    }
    return 0;
  }

  #unshare(first: number, end: number): number {
    for (const [runFirst, runEnd] of this.#runs(first, end)) {
      for (const handler of this.#order) {
        const status = this.#unmap(handler, runFirst, runEnd);
        if (status !== 0) return status;
      }
      this.#shared.fill(false, runFirst, runEnd);
    }
    return 0;
  }

  #map(handler: number, page: number): number {
    const [first, end] = WINDOWS[handler]!;
    if (page < first || page >= end) return 0;
    const status = this.#refusals.next();
    this.#calls.push(`${handler} map ${page}+1 ${status}`);
    if (status === 0) this.#mapped[handler]!.add(page);
    return status;
  }

  #unmap(handler: number, first: number, end: number): number {
    const from = Math.max(first, WINDOWS[handler]![0]);
    const to = Math.min(end, WINDOWS[handler]![1]);
    if (from >= to) return 0;
    const status = this.#refusals.next();
    this.#calls.push(`${handler} unmap ${from}+${to - from} ${status}`);
    if (status === 0) for (let page = from; page < to; page += 1) this.#mapped[handler]!.delete(page);
    return status;
  }

  /** Maximal shared runs of a window. */
  #runs(first: number, end: number): [number, number][] {
    const runs: [number, number][] = [];
    for (let page = first; page < end; page += 1) {
      if (!this.#shared[page]!) continue;
      const last = runs.at(-1);
      if (last?.[1] === page) last[1] = page + 1;
      else runs.push([page, page + 1]);
    }
    return runs;
  }
}

class Bench implements Machine {
  readonly #refusals = new Refusals();
  readonly #calls: string[] = [];
  readonly #mapped = WINDOWS.map(() => new Set<number>());
  readonly #block: RamBlock = { name: 'ram', pageCount: PAGES, hostFirstPage: 0, hasGuestMemfd: true };
  readonly #instance: ReturnType<Strategy['create']>;
  readonly #sections: readonly Section[];
  readonly #consumers: readonly Consumer[];
  readonly #registered = new Set<number>();

  constructor(strategy: Strategy) {
    const host: Host = {
      regime: 'two-backend',
      isDiscardDisabled: false,
      setAttributes: () => 0,
      convertInPlace: () => 0,
      discard: () => 0,
      lock: () => true,
      unlock: () => undefined,
      exit: () => undefined,
    };
    this.#instance = strategy.create(host, new Set());
    this.#instance.addBlock(this.#block);
    this.#sections = WINDOWS.map(([firstPage, end], at) => ({
      name: `s${at}`,
      block: this.#block,
      firstPage,
      pageCount: end - firstPage,
      firstGfn: firstPage,
      readonly: false,
    }));
    this.#consumers = WINDOWS.map((_window, at) => this.#consumer(at));
  }

  apply(operation: TrackerOperation): number {
    switch (operation.op) {
      case 'refuse':
        this.#refusals.left = operation.k;
        return 0;
      case 'register': {
        const at = operation.handler;
        if (this.#registered.has(at)) return 0;
        const status = this.#instance.subscribe(this.#consumers[at]!, this.#sections[at]!);
        if (status === 0) this.#registered.add(at);
        return status;
      }
      case 'unregister': {
        const at = operation.handler;
        if (this.#registered.delete(at)) this.#instance.unsubscribe(this.#consumers[at]!, this.#sections[at]!);
        return 0;
      }
      case 'convert': {
        const [firstPage, endPage] = [operation.first, Math.min(operation.first + operation.count, PAGES)];
        const request = { pages: { block: this.#block, firstPage, endPage }, gfns: { firstGfn: firstPage, endGfn: endPage } };
        return this.#instance.convert(request, operation.to);
      }
    }
  }

  look(): string {
    return JSON.stringify([this.#mapped.map((pages) => [...pages].toSorted((a, b) => a - b)), this.#calls]);
  }

  #consumer(at: number): Consumer {
    const call = (kind: 'map' | 'unmap', first: number, count: number): number => {
      const status = this.#refusals.next();
      this.#calls.push(`${at} ${kind} ${first}+${count} ${status}`);
      if (status !== 0) return status;
      for (let page = first; page < first + count; page += 1) {
        if (kind === 'map') this.#mapped[at]!.add(page);
        else this.#mapped[at]!.delete(page);
      }
      return 0;
    };
    return {
      name: `c${at}`,
      sides: 'shared',
      smallestPages: 1,
      unmapShape: 'range',
      done: 0,
      mapRun: (_section, _side, first, count) => call('map', first, count),
      unmapRun: (_section, _side, first, count) => call('unmap', first, count),
    };
  }
}

/** The first operation after which strategy and model differ in answer, mappings or calls; undefined when none is. */
export function firstDisagreement(strategy: Strategy, operations: readonly TrackerOperation[]): string | undefined {
  const bench = new Bench(strategy);
  const model = new Model();
  for (const [at, operation] of operations.entries()) {
    const [answer, expected] = [bench.apply(operation), model.apply(operation)];
    if (answer !== expected) return `operation ${at} answers ${answer}, the model ${expected}`;
    if (bench.look() !== model.look()) return `operation ${at}: ${bench.look()}, the model ${model.look()}`;
  }
  return undefined;
}
