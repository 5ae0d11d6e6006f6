// SPDX-License-Identifier: MIT
/**
 * RamDiscardManager as QEMU 11.1 has it: an object per region with any number of sources, that says "populated" where
 * all of them do, and any number of listeners, each following a window of the region.
 *
 * Lifecycle of a source: `addSource` (what it calls discarded is discarded at the listeners) -> notifications ->
 *   `deleteSource` (what only it called discarded is populated; a listener may refuse, and the source stays).
 * Lifecycle of a listener: `register` (populated runs are replayed to it) -> notifications, clipped to its window, newest
 *   listener first -> `unregister` (one discard of its complete window, whatever it was told before).
 *
 * Nothing of the sources' answers is kept: each walk asks every source about every chunk of the smallest granularity,
 * counted in `probeCount`. Where sources say how far an answer goes (`uniformEnd`), chunks that would be answered alike are
 * counted without being asked for: a guest of 1 TiB has 268,435,456 of them. Unit-agnostic: offsets are integers of the user's choice.
 *
 * Source: QEMU 11.1 (merge 9d526ed81d) system/ram-discard-manager.c; rollbacks and the discard at unregistering as
 * observed on 11.1.3. Not covered: reference counts, the region's glue that creates the manager with the first source
 * and drops it with the last, and what a run's section carries besides its offset and size (11.1 hands out
 * offset_within_address_space 0).
 */
import { assert, type CostMeter, ERRNO, PlaceWords, type Status, WalkedList } from '@sda-lab/guest-memory';
import { type Ask, type ManagerSteps, type Occasion, QEMU_11_1_STEPS } from './manager-steps.ts';
import { ManagerWords } from './manager-words.ts';
import type { RamDiscardSource } from './ram-discard-source.ts';
import type { SourceListener, Window } from './source-listener.ts';

type EmitRange = (first: number, end: number) => Status;

/** A listener and the window it follows. */
export interface Registered {
  readonly listener: SourceListener;
  readonly window: Window;
}

export class MultiSourceManager {
  readonly #steps: ManagerSteps;
  /** Head insertion, and replaced as a whole: a walk over pages asks the sources it began with. */
  #sources: readonly RamDiscardSource[] = [];
  readonly #listeners: WalkedList<Registered>;
  #granularity = 0;
  #probeCount = 0;
  readonly #meter: CostMeter | undefined;
  readonly #ask: Ask = (source, first, end) => {
    this.#countProbes(1);
    return source.isPopulated(first, end);
  };

  /** `steps` are replaced only to plant faults; `exit` is called when a listener leaves that a walk stands on. */
  constructor(steps: ManagerSteps = QEMU_11_1_STEPS, exit: (reason: string) => void = assertNot, meter?: CostMeter) {
    this.#steps = steps;
    this.#meter = meter;
    this.#listeners = new WalkedList({ walk: 'foreach', exit, what: 'RamDiscardListener' });
  }

  /** The smallest granularity of all sources; 0 without any. */
  get granularity(): number {
    return this.#granularity;
  }

  get sourceCount(): number {
    return this.#sources.length;
  }

  get listenerCount(): number {
    return this.#listeners.members.length;
  }

  /** How often a source was asked for its state since the manager was made. */
  get probeCount(): number {
    return this.#probeCount;
  }

  hasSource(source: RamDiscardSource): boolean {
    return this.#sources.includes(source);
  }

  /** Whether every source calls the range populated; without a source all is. */
  isPopulated(first: number, end: number): boolean {
    return this.#steps.isPopulated(this.#sources, first, end, this.#ask);
  }

  /** -EBUSY for one that is in already. Listeners hear as discarded what only the new source calls so. */
  addSource(source: RamDiscardSource): Status {
    assert(source.granularity > 0, 'a source can tell something apart');
    const refusal = this.#steps.admit(this.#sources, source);
    if (refusal !== 0) return refusal;
    const sources = this.#steps.insert(this.#sources, source);
    const before = this.#granularity;
    const after = this.#steps.granularityOf(sources);
    this.#granularity = this.#steps.granularityWhile('add', before, after);
    const asked = this.#steps.asked('add', this.#sources, source);
    this.#listeners.walk((registered) =>
      this.#walkOwnDiscarded(source, registered.window, asked, (first, end) => this.#tellDiscard(registered, first, end)),
    );
    this.#sources = sources;
    this.#granularity = this.#steps.granularityAfter('add', before, after);
    return 0;
  }

  /**
   * -ENOENT for one that is not in. Listeners hear as populated what only this source called discarded; if one refuses,
   * all told so far take it back, the refusing one included, and the source stays.
   */
  deleteSource(source: RamDiscardSource): Status {
    if (!this.hasSource(source)) return -ERRNO.ENOENT;
    const sources = this.#sources.filter((other) => other !== source);
    const before = this.#granularity;
    const after = this.#steps.granularityOf(sources);
    this.#granularity = this.#steps.granularityWhile('delete', before, after);
    const asked = this.#steps.asked('delete', this.#sources, source);
    const status = this.#populateOrUndo(({ window }, emit) => this.#walkOwnDiscarded(source, window, asked, emit));
    if (status !== 0) {
      this.#granularity = before;
      return status;
    }
    this.#sources = sources;
    this.#granularity = this.#steps.granularityAfter('delete', before, after);
    return 0;
  }

  /** Registers, then replays. The answer is that of the replay, which QEMU only prints: the listener stays either way. */
  register(listener: SourceListener, window: Window): Status {
    const registered = { listener, window };
    this.#listeners.replace(this.#steps.insert(this.#listeners.members, registered));
    if (!this.#steps.replaysToNew) return 0;
    return this.replayPopulated(window.first, window.end, (first, end) => this.#tellPopulate(registered, first, end));
  }

  /** One discard of the complete window, populated or not; then the listener is gone. */
  unregister(listener: SourceListener): void {
    const registered = this.#listeners.members.find((one) => one.listener === listener);
    assert(registered !== undefined, 'only a registered listener is unregistered');
    const discarded = this.#steps.discardedAtLeave(registered.window);
    if (discarded !== undefined) listener.notifyDiscard(discarded.first, discarded.end);
    this.#listeners.remove(registered);
  }

  /**
   * `source` is about to populate a range, or just did. Listeners hear of the runs that all other sources call
   * populated. The first refusal stops, is undone at all told so far, the refusing one included, and returned.
   */
  notifyPopulate(source: RamDiscardSource, first: number, end: number): Status {
    const asked = this.#askedBy('populate', source);
    return this.#populateOrUndo((_registered, emit) => this.#walk(asked, true, first, end, emit));
  }

  /** `source` discarded a range. Listeners hear of the runs that all other sources call populated. */
  notifyDiscard(source: RamDiscardSource, first: number, end: number): void {
    const asked = this.#askedBy('discard', source);
    this.#listeners.walk((registered) =>
      this.#walk(asked, true, first, end, (from, to) => this.#tellDiscard(registered, from, to)),
    );
  }

  /** `source` discarded everything. Each listener hears its complete window, whatever other sources say. */
  notifyDiscardAll(source: RamDiscardSource): void {
    const asked = this.#askedBy('discard-all', source);
    this.#listeners.walk((registered) => {
      const { first, end } = registered.window;
      return this.#walk(asked, true, first, end, (from, to) => this.#tellDiscard(registered, from, to));
    });
  }

  /** Maximal runs that all sources call populated, ascending; a non-zero answer of `emit` stops and is returned. */
  replayPopulated(first: number, end: number, emit: EmitRange): Status {
    return this.#walk(this.#sources, true, first, end, emit);
  }

  /** Maximal runs that some source calls discarded. */
  replayDiscarded(first: number, end: number, emit: EmitRange): Status {
    return this.#walk(this.#sources, false, first, end, emit);
  }

  /** Every listener hears again what is populated in its window. The first refusal stops; nothing is undone. */
  replayPopulatedToListeners(): Status {
    return this.#listeners.walk((registered) => {
      const { first, end } = registered.window;
      return this.replayPopulated(first, end, (from, to) => this.#tellPopulate(registered, from, to));
    });
  }

  /** All it remembers, of all sources and listeners that may ever be in. */
  words(sources: readonly RamDiscardSource[], listeners: readonly Registered[]): ManagerWords {
    const granularity = { read: () => this.#granularity, write: (is: number) => void (this.#granularity = is) };
    const ofSources = {
      read: () => this.#sources,
      write: (list: readonly RamDiscardSource[]) => void (this.#sources = list),
      isSame: (one: RamDiscardSource, other: RamDiscardSource) => one === other,
    };
    const ofListeners = {
      read: () => this.#listeners.members,
      write: (list: readonly Registered[]) => this.#listeners.replace(list),
      isSame: (one: Registered, other: Registered) => one.listener === other.listener,
    };
    return new ManagerWords(granularity, new PlaceWords(ofSources, sources), new PlaceWords(ofListeners, listeners));
  }

  #askedBy(occasion: Occasion, caller: RamDiscardSource): readonly RamDiscardSource[] {
    assert(this.hasSource(caller), 'only a source of the manager notifies');
    return this.#steps.asked(occasion, this.#sources, caller);
  }

  /** Chunk by chunk: equal neighbours are one run. Where nobody is asked, all is populated and no chunk is looked at. */
  #walk(asked: readonly RamDiscardSource[], wanted: boolean, first: number, end: number, emit: EmitRange): Status {
    if (asked.length === 0) return wanted && first < end ? emit(first, end) : 0;
    assert(this.#granularity > 0, 'a manager with sources has a granularity');
    let runFirst = -1;
    for (let at = first; at < end; ) {
      const chunkEnd = Math.min(this.#steps.chunkEnd(at, this.#granularity), end);
      const probesBefore = this.#probeCount;
      const isWanted = this.#steps.isPopulated(asked, at, chunkEnd, this.#ask) === wanted;
      if (isWanted && runFirst === -1) runFirst = at;
      if (!isWanted && runFirst !== -1) {
        const status = emit(runFirst, at);
        if (status !== 0) return status;
        runFirst = -1;
        // Who was told may have changed what comes next: it is asked for.
        at = chunkEnd;
        continue;
      }
      const probesEach = this.#probeCount - probesBefore;
      const alike = this.#alikeChunks(asked, at, chunkEnd, end);
      this.#countProbes(alike * probesEach);
      at = chunkEnd + alike * this.#granularity;
    }
    return runFirst === -1 ? 0 : emit(runFirst, end);
  }

  /** Whole chunks behind the one of [first, chunkEnd) that every source would answer as it did that one. */
  #alikeChunks(asked: readonly RamDiscardSource[], first: number, chunkEnd: number, end: number): number {
    if (!this.#isStock) return 0;
    let uniformEnd = end;
    for (const source of asked) uniformEnd = Math.min(uniformEnd, source.uniformEnd?.(first) ?? chunkEnd);
    return Math.max(0, Math.floor((uniformEnd - chunkEnd) / this.#granularity));
  }

  /** Whether chunks and questions are QEMU's; a planted fault has to be asked chunk by chunk. */
  get #isStock(): boolean {
    const steps = this.#steps;
    return steps.chunkEnd === QEMU_11_1_STEPS.chunkEnd && steps.isPopulated === QEMU_11_1_STEPS.isPopulated;
  }

  #countProbes(count: number): void {
    this.#probeCount += count;
    if (this.#meter !== undefined) this.#meter.probes += count;
  }

  /** The runs of a window that `source` calls discarded, block by block of its own, and in them what `asked` populate. */
  #walkOwnDiscarded(
    source: RamDiscardSource,
    window: Window,
    asked: readonly RamDiscardSource[],
    emit: EmitRange,
  ): Status {
    const { granularity } = source;
    const inside: EmitRange = (first, end) =>
      this.#walk(asked, true, Math.max(first, window.first), Math.min(end, window.end), emit);
    let runFirst = -1;
    const blocksFrom = this.#steps.ownBlocksFrom(window.first, granularity);
    for (let at = blocksFrom; at < window.end; at += granularity) {
      const isDiscarded = !this.#ask(source, at, at + granularity);
      if (isDiscarded && runFirst === -1) runFirst = at;
      if (!isDiscarded && runFirst !== -1) {
        const status = inside(runFirst, at);
        if (status !== 0) return status;
        runFirst = -1;
      }
    }
    return runFirst === -1 ? 0 : inside(runFirst, window.end);
  }

  /** Tells the runs that `runsOf` finds to one listener after the other; undoes them from the first on a refusal. */
  #populateOrUndo(runsOf: (registered: Registered, emit: EmitRange) => Status): Status {
    return this.#listeners.walk((registered) => {
      const status = runsOf(registered, (first, end) => this.#tellPopulate(registered, first, end));
      if (status !== 0) this.#undo(registered, runsOf);
      return status;
    });
  }

  /** A walk of its own from the head: whoever came there meanwhile is in it. */
  #undo(refusing: Registered, runsOf: (registered: Registered, emit: EmitRange) => Status): void {
    const { members } = this.#listeners;
    const told = members.slice(0, this.#steps.undoneCount(members.indexOf(refusing)));
    for (const registered of this.#steps.undoOrder(told)) {
      this.#listeners.standOn(registered, () =>
        runsOf(registered, (first, end) => this.#tellDiscard(registered, first, end)),
      );
    }
  }

  #tellPopulate({ listener, window }: Registered, first: number, end: number): Status {
    const clipped = this.#steps.clip(window, first, end);
    return clipped === undefined ? 0 : listener.notifyPopulate(clipped.first, clipped.end);
  }

  #tellDiscard({ listener, window }: Registered, first: number, end: number): Status {
    const clipped = this.#steps.clip(window, first, end);
    if (clipped !== undefined) listener.notifyDiscard(clipped.first, clipped.end);
    return 0;
  }
}

function assertNot(reason: string): void {
  assert(false, reason);
}
