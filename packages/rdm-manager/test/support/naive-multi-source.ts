// SPDX-License-Identifier: MIT
/*
 * The naive manager with several sources: everything unit by unit, in arrays. Operations keep to what makes that enough:
 * granularities are powers of two, every range is a multiple of the coarsest, and a source finer than all others does not
 * come while somebody listens, so that no chunk straddles a border. What happens then is a unit case.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { MultiSourceManager, RamDiscardSource, SourceListener } from '@sda-lab/rdm-manager';
import fc from 'fast-check';

const UNITS = 32;
const COARSEST = 4;

export type MultiSourceOperation =
  | { readonly op: 'add' | 'del' | 'discard-all'; readonly source: number }
  | { readonly op: 'state'; readonly source: number; readonly block: number; readonly is: boolean }
  | { readonly op: 'populate' | 'discard'; readonly source: number; readonly range: readonly [number, number] }
  | { readonly op: 'listen'; readonly range: readonly [number, number]; readonly passes: number }
  | { readonly op: 'unlisten'; readonly at: number }
  | { readonly op: 'replay-to-listeners' };

const source = fc.nat(3);
const range = fc.tuple(fc.nat(UNITS / COARSEST), fc.nat(UNITS / COARSEST)).map(([one, other]): [number, number] => {
  return [Math.min(one, other) * COARSEST, Math.max(one, other) * COARSEST];
});

export const multiSourceOperations: fc.Arbitrary<MultiSourceOperation[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('add' as const, 'add' as const, 'del' as const), source }) },
    { weight: 8, arbitrary: fc.record({ op: fc.constant('state' as const), source, block: fc.nat(31), is: fc.boolean() }) },
    { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('populate' as const, 'discard' as const), source, range }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('listen' as const), range, passes: fc.constantFrom(0, 1, 2, 99) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('unlisten' as const), at: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('discard-all' as const), source }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('replay-to-listeners' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
);

class UnitSource implements RamDiscardSource {
  readonly name: string;
  readonly granularity: number;
  readonly units: boolean[] = Array.from({ length: UNITS }, () => false);

  constructor(name: string, granularity: number) {
    this.name = name;
    this.granularity = granularity;
  }

  isPopulated(first: number, end: number): boolean {
    return this.units.slice(first, end).every(Boolean);
  }
}

class LoggingListener implements SourceListener {
  readonly name: string;
  readonly window: readonly [number, number];
  passes: number;
  readonly #log: string[];

  constructor(name: string, window: readonly [number, number], passes: number, log: string[]) {
    this.name = name;
    this.window = window;
    this.passes = passes;
    this.#log = log;
  }

  notifyPopulate(first: number, end: number): Status {
    this.#log.push(`${this.name} P [${first},${end})`);
    this.passes -= 1;
    return this.passes < 0 ? -ERRNO.ENOMEM : 0;
  }

  notifyDiscard(first: number, end: number): void {
    this.#log.push(`${this.name} D [${first},${end})`);
  }
}

/** Drives a manager and the model through the same operations; where they first differ, in words. */
export function firstMultiSourceDisagreement(manager: MultiSourceManager, operations: readonly MultiSourceOperation[]): string | undefined {
  const bench = new Bench(manager);
  for (const [index, operation] of operations.entries()) {
    const wrong = bench.apply(operation);
    if (wrong !== undefined) return `operation ${index}, ${JSON.stringify(operation)}: ${wrong}`;
  }
  return undefined;
}

class Bench {
  readonly #manager: MultiSourceManager;
  readonly #log: string[] = [];
  readonly #expected: string[] = [];
  readonly #sources = [1, 2, 4, 4].map((granularity, at) => new UnitSource(`s${at}`, granularity));
  #added: UnitSource[] = [];
  /** Oldest first. */
  #listeners: { real: LoggingListener; passes: number }[] = [];
  #listenerCount = 0;

  constructor(manager: MultiSourceManager) {
    this.#manager = manager;
  }

  apply(operation: MultiSourceOperation): string | undefined {
    const [status, answer] = this.#both(operation);
    const heard = this.#log.splice(0).join('; ');
    const expected = this.#expected.splice(0).join('; ');
    if (heard !== expected) return `'${heard}' instead of '${expected}'`;
    if (answer !== status) return `answers ${answer} instead of ${status}`;
    return this.#compareState();
  }

  /** What the model answers, and the manager. */
  #both(operation: MultiSourceOperation): [Status, Status] {
    switch (operation.op) {
      case 'add':
        if (this.#wouldStraddle(this.#sources[operation.source]!)) return [0, 0];
        return [this.#add(this.#sources[operation.source]!), this.#manager.addSource(this.#sources[operation.source]!)];
      case 'del':
        return [this.#delete(this.#sources[operation.source]!), this.#manager.deleteSource(this.#sources[operation.source]!)];
      case 'state':
        return this.#setBlock(this.#sources[operation.source]!, operation.block, operation.is);
      case 'listen':
        return this.#listen(operation.range, operation.passes);
      case 'unlisten':
        return this.#unlisten(operation.at);
      case 'replay-to-listeners':
        return [this.#replayToListeners(), this.#manager.replayPopulatedToListeners()];
      case 'discard-all':
        return this.#discardAll(this.#sources[operation.source]!);
      default:
        return this.#notify(operation.op, this.#sources[operation.source]!, operation.range);
    }
  }

  #wouldStraddle({ granularity }: UnitSource): boolean {
    const isAlone = this.#listeners.length === 0 || this.#added.length === 0;
    return !isAlone && this.#added.every((one) => one.granularity > granularity);
  }

  #add(added: UnitSource): Status {
    if (this.#added.includes(added)) return -ERRNO.EBUSY;
    for (const { real } of this.#newestFirst()) this.#tellDiscard(real, (unit) => !added.units[unit]! && this.#isPopulated(unit));
    this.#added.push(added);
    return 0;
  }

  #delete(gone: UnitSource): Status {
    if (!this.#added.includes(gone)) return -ERRNO.ENOENT;
    const status = this.#populate((unit) => !gone.units[unit]! && this.#isPopulated(unit, gone));
    if (status === 0) this.#added = this.#added.filter((other) => other !== gone);
    return status;
  }

  #discardAll(caller: UnitSource): [Status, Status] {
    if (!this.#added.includes(caller)) return [0, 0];
    for (const { real } of this.#newestFirst()) this.#tellDiscard(real, () => true);
    this.#manager.notifyDiscardAll(caller);
    return [0, 0];
  }

  #notify(op: 'populate' | 'discard', caller: UnitSource, [first, end]: readonly [number, number]): [Status, Status] {
    if (!this.#added.includes(caller)) return [0, 0];
    const due = (unit: number): boolean => unit >= first && unit < end && this.#isPopulated(unit, caller);
    if (op === 'populate') return [this.#populate(due), this.#manager.notifyPopulate(caller, first, end)];
    for (const { real } of this.#newestFirst()) this.#tellDiscard(real, due);
    this.#manager.notifyDiscard(caller, first, end);
    return [0, 0];
  }

  #setBlock(changed: UnitSource, block: number, is: boolean): [Status, Status] {
    const first = (block * changed.granularity) % UNITS;
    changed.units.fill(is, first, first + changed.granularity);
    return [0, 0];
  }

  #listen(window: readonly [number, number], passes: number): [Status, Status] {
    if (window[0] === window[1]) return [0, 0];
    this.#listenerCount += 1;
    const listener = { real: new LoggingListener(`l${this.#listenerCount}`, window, passes, this.#log), passes };
    this.#listeners.push(listener);
    const status = this.#tellPopulate(listener, (unit) => this.#isPopulated(unit));
    return [status, this.#manager.register(listener.real, { first: window[0], end: window[1] })];
  }

  #unlisten(at: number): [Status, Status] {
    if (this.#listeners.length === 0) return [0, 0];
    const { real } = this.#listeners.splice(at % this.#listeners.length, 1)[0]!;
    this.#expected.push(`${real.name} D [${real.window[0]},${real.window[1]})`);
    this.#manager.unregister(real);
    return [0, 0];
  }

  #replayToListeners(): Status {
    for (const listener of this.#newestFirst()) {
      const status = this.#tellPopulate(listener, (unit) => this.#isPopulated(unit));
      if (status !== 0) return status;
    }
    return 0;
  }

  /** Newest first; the first refusal ends it, and all up to the refusing one hear the same units discarded. */
  #populate(due: (unit: number) => boolean): Status {
    const told: LoggingListener[] = [];
    for (const listener of this.#newestFirst()) {
      told.push(listener.real);
      if (this.#tellPopulate(listener, due) === 0) continue;
      for (const one of told) this.#tellDiscard(one, due);
      return -ERRNO.ENOMEM;
    }
    return 0;
  }

  #tellPopulate(listener: { real: LoggingListener; passes: number }, due: (unit: number) => boolean): Status {
    for (const run of this.#runs(listener.real, due)) {
      this.#expected.push(`${listener.real.name} P ${run}`);
      listener.passes -= 1;
      if (listener.passes < 0) return -ERRNO.ENOMEM;
    }
    return 0;
  }

  #tellDiscard(listener: LoggingListener, due: (unit: number) => boolean): void {
    this.#expected.push(...this.#runs(listener, due).map((run) => `${listener.name} D ${run}`));
  }

  #runs({ window }: LoggingListener, due: (unit: number) => boolean): string[] {
    return runsOf(window[0], window[1], due).map(([first, end]) => `[${first},${end})`);
  }

  #newestFirst(): { real: LoggingListener; passes: number }[] {
    return this.#listeners.toReversed();
  }

  #isPopulated(unit: number, leftOut?: UnitSource): boolean {
    return this.#added.every((one) => one === leftOut || one.units[unit]!);
  }

  #compareState(): string | undefined {
    const granularity = this.#added.reduce((least, one) => Math.min(least, one.granularity), COARSEST + 1) % (COARSEST + 1);
    if (this.#manager.granularity !== granularity) return `granularity is ${this.#manager.granularity} instead of ${granularity}`;
    const counts = [this.#manager.sourceCount, this.#manager.listenerCount].join();
    if (counts !== [this.#added.length, this.#listeners.length].join()) return `sources and listeners are ${counts}`;
    for (const wanted of [true, false]) {
      const runs: [number, number][] = [];
      const emit = (first: number, end: number): Status => (runs.push([first, end]), 0);
      if (wanted) this.#manager.replayPopulated(0, UNITS, emit);
      else this.#manager.replayDiscarded(0, UNITS, emit);
      const expected = runsOf(0, UNITS, (unit) => this.#isPopulated(unit) === wanted);
      if (runs.join(' ') !== expected.join(' ')) return `replays ${runs.join(' ')} instead of ${expected.join(' ')}`;
    }
    return undefined;
  }
}

/** Maximal runs, unit by unit. */
function runsOf(first: number, end: number, due: (unit: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let unit = first; unit < end; unit += 1) {
    if (!due(unit)) continue;
    const last = runs.at(-1);
    if (last?.[1] === unit) last[1] = unit + 1;
    else runs.push([unit, unit + 1]);
  }
  return runs;
}
