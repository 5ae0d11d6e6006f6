// SPDX-License-Identifier: MIT
/*
 * The naive RamDiscardManager: populated pages in a set, listeners in an array, told from the end to the beginning.
 * `firstDisagreement` drives a manager and this model through the same operations and compares every call that reached
 * a listener, in order, and every answer. Operations name listeners and pages modulo what there is.
 */
import type { RamBlock, Section, Status } from '@sda-lab/guest-memory';
import { Bitmap } from '@sda-lab/core-bitmap';
import { RamDiscardManager, type RamDiscardListener, type RamDiscardManagerOptions } from '@sda-lab/rdm-manager/stock';
import fc from 'fast-check';

export const VETO: Status = -12;
const PAGES = 16;

export type ManagerOperation =
  | { readonly op: 'register'; readonly section: readonly [number, number] }
  | { readonly op: 'unregister'; readonly at: number }
  | { readonly op: 'veto'; readonly at: number; readonly after: number }
  | { readonly op: 'populate' | 'discard'; readonly range: readonly [number, number] };

const pair = fc.tuple(fc.nat(PAGES), fc.nat(PAGES));

export const managerOperations: fc.Arbitrary<ManagerOperation[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ op: fc.constant('register' as const), section: pair }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('unregister' as const), at: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('veto' as const), at: fc.nat(9), after: fc.nat(3) }) },
    { weight: 6, arbitrary: fc.record({ op: fc.constantFrom('populate' as const, 'populate' as const, 'discard' as const), range: pair }) },
  ),
  { maxLength: 30, size: 'max' },
);

export const block: RamBlock = { name: 'ram', pageCount: PAGES, hostFirstPage: 0, hasGuestMemfd: true };

export function sectionOf(firstPage: number, endPage: number, name = `${firstPage}-${endPage}`): Section {
  return { name, block, firstPage, pageCount: endPage - firstPage, firstGfn: 100 + firstPage, readonly: false };
}

/** Writes every call to a log and vetoes populates from the one on that it is told to. */
export class LoggingListener implements RamDiscardListener {
  passes = Infinity;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  notifyPopulate(firstPage: number, endPage: number): Status {
    this.#log.push(`${this.#name} populate [${firstPage},${endPage})`);
    if (this.passes === 0) return VETO;
    this.passes -= 1;
    return 0;
  }

  notifyDiscard(firstPage: number, endPage: number): void {
    this.#log.push(`${this.#name} discard [${firstPage},${endPage})`);
  }
}

interface ModelListener {
  readonly real: LoggingListener;
  readonly name: string;
  readonly section: Section;
  passes: number;
}

export type CreateManager = (owner: RamDiscardManager['owner'], options: RamDiscardManagerOptions) => RamDiscardManager;

/** Where the manager differs from the model, in words; undefined when nowhere. */
export function firstDisagreement(
  create: CreateManager,
  rollback: RamDiscardManagerOptions['rollback'],
  operations: readonly ManagerOperation[],
): string | undefined {
  const bench = new Bench(create, rollback);
  for (const [index, operation] of operations.entries()) {
    const wrong = bench.apply(operation);
    if (wrong !== undefined) return `operation ${index}, ${operation.op}: ${wrong}`;
  }
  return undefined;
}

class Bench {
  readonly #log: string[] = [];
  readonly #rollback: RamDiscardManagerOptions['rollback'];
  readonly #populated = new Bitmap(PAGES);
  readonly #manager: RamDiscardManager;
  readonly #listeners: ModelListener[] = [];
  #registeredCount = 0;
  #exits = 0;

  constructor(create: CreateManager, rollback: RamDiscardManagerOptions['rollback']) {
    this.#rollback = rollback;
    const owner: RamDiscardManager['owner'] = {
      granulePages: 1,
      forEachPopulatedRun: (first, end, emit) => this.#populated.forEachSetRun(first, end, emit),
    };
    const exit = (): void => {
      this.#exits += 1;
    };
    this.#manager = create(owner, { rollback, registrationFailure: 'exit', exit });
  }

  apply(operation: ManagerOperation): string | undefined {
    switch (operation.op) {
      case 'register':
        return this.#register(...ascending(operation.section));
      case 'unregister':
        return this.#unregister(operation.at);
      case 'veto': {
        const target = this.#listeners[operation.at % Math.max(1, this.#listeners.length)];
        if (target !== undefined) target.passes = target.real.passes = operation.after;
        return undefined;
      }
      case 'populate':
        return this.#populate(...ascending(operation.range));
      case 'discard':
        return this.#discard(...ascending(operation.range));
    }
  }

  #register(firstPage: number, endPage: number): string | undefined {
    if (firstPage === endPage) return undefined;
    this.#registeredCount += 1;
    const name = `L${this.#registeredCount}`;
    const real = new LoggingListener(name, this.#log);
    const listener = { real, name, section: sectionOf(firstPage, endPage), passes: Infinity };
    this.#listeners.push(listener);
    const expected = this.#runs(firstPage, endPage).map((run) => `${name} populate ${run}`);
    this.#manager.register(real, listener.section);
    return this.#compare(expected, 0, 0);
  }

  #unregister(at: number): string | undefined {
    if (this.#listeners.length === 0) return undefined;
    const [{ real, name, section }] = this.#listeners.splice(at % this.#listeners.length, 1) as [ModelListener];
    this.#manager.unregister(real);
    return this.#compare([`${name} discard [${section.firstPage},${section.firstPage + section.pageCount})`], 0, 0);
  }

  #populate(firstPage: number, endPage: number): string | undefined {
    if (firstPage === endPage) return undefined;
    const expected: string[] = [];
    const told: string[] = [];
    let status: Status = 0;
    for (const listener of this.#listeners.toReversed()) {
      const part = partOf(listener, firstPage, endPage);
      if (part === undefined) continue;
      expected.push(`${listener.name} populate ${part}`);
      if (listener.passes === 0) {
        status = VETO;
        break;
      }
      listener.passes -= 1;
      told.push(`${listener.name} discard ${part}`);
    }
    if (status !== 0 && this.#rollback === 'earlier') expected.push(...told);
    const answer = this.#manager.notifyPopulate(firstPage, endPage);
    if (status === 0) this.#populated.set(firstPage, endPage);
    return this.#compare(expected, status, answer);
  }

  #discard(firstPage: number, endPage: number): string | undefined {
    if (firstPage === endPage) return undefined;
    const expected = this.#listeners.toReversed().flatMap((listener) => {
      const part = partOf(listener, firstPage, endPage);
      return part === undefined ? [] : [`${listener.name} discard ${part}`];
    });
    this.#manager.notifyDiscard(firstPage, endPage);
    this.#populated.clear(firstPage, endPage);
    return this.#compare(expected, 0, 0);
  }

  /** Maximal populated runs, page by page. */
  #runs(firstPage: number, endPage: number): string[] {
    const runs: [number, number][] = [];
    for (let page = firstPage; page < endPage; page += 1) {
      if (!this.#populated.test(page)) continue;
      const last = runs.at(-1);
      if (last?.[1] === page) last[1] = page + 1;
      else runs.push([page, page + 1]);
    }
    return runs.map(([first, end]) => `[${first},${end})`);
  }

  #compare(expected: readonly string[], status: Status, answer: Status): string | undefined {
    const actual = this.#log.splice(0);
    if (actual.join('; ') !== expected.join('; ')) return `'${actual.join('; ')}' instead of '${expected.join('; ')}'`;
    if (answer !== status) return `answers ${answer} instead of ${status}`;
    if (this.#manager.listenerCount !== this.#listeners.length) return `listenerCount is ${this.#manager.listenerCount}`;
    return this.#exits === 0 ? undefined : 'exits';
  }
}

/** What a listener hears of a range, page by page. */
function partOf({ section }: ModelListener, firstPage: number, endPage: number): string | undefined {
  const pages: number[] = [];
  for (let page = firstPage; page < endPage; page += 1) {
    if (page >= section.firstPage && page < section.firstPage + section.pageCount) pages.push(page);
  }
  return pages.length === 0 ? undefined : `[${pages[0]},${pages.at(-1)! + 1})`;
}

function ascending([one, other]: readonly [number, number]): [number, number] {
  return one <= other ? [one, other] : [other, one];
}
