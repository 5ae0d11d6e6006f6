// SPDX-License-Identifier: MIT
/**
 * One unit case on a MultiSourceManager, in bytes. What a step does where QEMU has an assertion instead of an answer is
 * a difference, and the step is left out then. A difference does not end the case.
 */
import type { ManagerSteps } from '../multi-source/manager-steps.ts';
import { MultiSourceManager } from '../multi-source/multi-source-manager.ts';
import { CaseListener, type HeardCall } from './case-listener.ts';
import { CaseSource } from './case-source.ts';
import { type Difference, Differences } from './difference.ts';
import { compareReplay } from './compare-replay.ts';
import { compareTrace } from './compare-trace.ts';
import type { Step, UnitCase } from './unit-case.ts';

export class UnitCaseRun {
  readonly #regionBytes: number;
  /** There from the beginning, empty; whether QEMU has made one by now is `#hasManager`. */
  readonly #manager: MultiSourceManager;
  #hasManager = false;
  readonly #sources = new Map<string, CaseSource>();
  readonly #listeners = new Map<string, CaseListener>();
  readonly #listening = new Set<CaseListener>();
  readonly #heard: HeardCall[] = [];

  constructor({ regionBytes }: UnitCase, steps?: ManagerSteps) {
    this.#regionBytes = regionBytes;
    this.#manager = new MultiSourceManager(steps);
  }

  /** Performs one step; where it went otherwise than expected. */
  perform(step: Step): Difference | undefined {
    const differences = new Differences();
    this.#perform(step, differences);
    return differences.found;
  }

  #perform(step: Step, differences: Differences): void {
    switch (step.op) {
      case 'source':
        this.#sources.set(step.source, new CaseSource(step.source, step.granularity, this.#regionBytes));
        return;
      case 'set':
      case 'clear':
        return this.#source(step).assign(step.offset, step.size, step.op === 'set');
      case 'add':
      case 'del':
        return this.#changeSources(step, differences);
      case 'listen':
        return this.#listen(step, differences);
      case 'unlisten':
        return this.#unlisten(step, differences);
      case 'reset':
        this.#listener(step).calls = [];
        return;
      case 'populate':
      case 'discard':
      case 'discardAll':
        return this.#notify(step, differences);
      case 'expect':
        return expectHeard(this.#listener(step), step, differences);
      case 'trace':
        return compareTrace(step.expect, this.#heard, this.#listeners, differences);
      default:
        return this.#ask(step, differences);
    }
  }

  /** Steps that change nothing. */
  #ask(
    step: Step<'granularity' | 'populated' | 'replayPopulated' | 'replayDiscarded' | 'manager'>,
    differences: Differences,
  ): void {
    switch (step.op) {
      case 'granularity':
        return differences.compare('granularity', step.expect, this.#manager.granularity);
      case 'populated':
        return differences.compare(
          'populated',
          step.expect,
          this.#manager.isPopulated(step.offset, step.offset + step.size),
        );
      case 'manager':
        return differences.compare('manager', step.expect, this.#hasManager);
      default:
        return compareReplay(step, this.#manager, differences);
    }
  }

  #changeSources(step: Step<'add' | 'del'>, differences: Differences): void {
    const source = this.#source(step);
    const status = step.op === 'add' ? this.#manager.addSource(source) : this.#manager.deleteSource(source);
    if (step.op === 'add' && status === 0) this.#hasManager = true;
    differences.compare('status', step.status, status);
  }

  #listen(step: Step<'listen'>, differences: Differences): void {
    const before = this.#listeners.get(step.listener);
    if (before !== undefined && this.#listening.has(before)) {
      return differences.add('listen', 'a listener that is not registered', 'registered twice, which QEMU does not survive');
    }
    if (!this.#hasManager) differences.add('listen', 'a region with a manager', 'no manager to register with in QEMU');
    const window = { first: step.offset, end: step.offset + step.size };
    const listener = new CaseListener(step.listener, window, step.failOnPopulate, (call) => this.#heard.push(call));
    this.#listeners.set(step.listener, listener);
    this.#listening.add(listener);
    this.#manager.register(listener, window);
  }

  #unlisten(step: Step<'unlisten'>, differences: Differences): void {
    const listener = this.#listener(step);
    if (!this.#listening.delete(listener)) {
      return differences.add('unlisten', 'a registered listener', 'not registered, which QEMU asserts');
    }
    this.#manager.unregister(listener);
  }

  #notify(step: Step<'populate' | 'discard' | 'discardAll'>, differences: Differences): void {
    const source = this.#source(step);
    if (!this.#manager.hasSource(source)) {
      return differences.add(step.op, 'a source that was added', 'not added, which QEMU asserts');
    }
    let status = 0;
    if (step.op === 'discardAll') this.#manager.notifyDiscardAll(source);
    else if (step.op === 'discard') this.#manager.notifyDiscard(source, step.offset, step.offset + step.size);
    else status = this.#manager.notifyPopulate(source, step.offset, step.offset + step.size);
    differences.compare('status', step.status, status);
  }

  #source({ source }: { readonly source: string }): CaseSource {
    return this.#sources.get(source)!;
  }

  #listener({ listener }: { readonly listener: string }): CaseListener {
    return this.#listeners.get(listener)!;
  }
}

function expectHeard(listener: CaseListener, step: Step<'expect'>, differences: Differences): void {
  const { calls, populates, discards } = listener;
  const least = step.populatesAtLeast;
  differences.compare('populates', step.populates, populates.length);
  if (least !== undefined && populates.length < least) differences.add('populatesAtLeast', least, populates.length);
  differences.compare('discards', step.discards, discards.length);
  differences.compare('lastPopulate', step.lastPopulate, rangeOf(populates.at(-1)));
  differences.compare('lastDiscard', step.lastDiscard, rangeOf(discards.at(-1)));
  differences.compare('calls', step.calls, calls.map(({ kind, offset, size }) => [kind, offset, size]));
}

function rangeOf(call: HeardCall | undefined): readonly [number, number] | null {
  return call === undefined ? null : [call.offset, call.size];
}
