// SPDX-License-Identifier: MIT
/**
 * The per-page model: P pages, each shared or private, plugged or not; two devices, each attached or not; every
 * conversion, plug and attach, each with every refusal of one map. It runs on a design's own code, through the ports,
 * and asks after every operation: mapped is attached AND shared AND plugged, and a refused operation changed nothing.
 *
 * A design that does right reaches 4^P times 4 states, with 6P + 2(P + 1) operations in each; the same model is written
 * in Promela beside the benchmarks, and spin's pan counts the same. Where a design takes no plug source, every page is
 * boot RAM: 2^P times 4 states, with 3P + 2(P + 1) operations.
 *
 * State: the machine's five words, then the design's own. A design without words is searched by re-execution: one word
 * for what it was told and answered stands in their place, since that decides what it will do.
 *
 * A refusal that is not met is the operation without it, call by call. Which maps an operation asks for in a state is
 * known once it went there alone, so those refusals are counted and not stepped again (`TWIN`), unless asked for.
 *
 * Not covered: runs of several pages, unmaps that are refused, everything a world has beyond page-machine.ts.
 */
import { assert, type Status, type Strategy, type Words } from '@sda-lab/guest-memory';
import type { Operation } from '../../history/operation.ts';
import { InputHistory } from '../input-history.ts';
import { ENDED, NEXT, NOT_ENABLED, type Property, type SearchModel, type Sometimes, TWIN, VIOLATED } from '../search-model.ts';
import { MOST_PAGES } from './page-bits.ts';
import { NONE, type PageConsumer } from './page-consumer.ts';
import { operationsOf } from './page-history.ts';
import { PageMachine } from './page-machine.ts';
import {
  ATOMIC,
  BOUNDED,
  COMPLETE,
  dueOf,
  explainPages,
  HOTPLUG,
  LEGAL_CALLS,
  NONFATAL,
  PAGE_PROPERTIES,
  PROGRESS,
  wrongMappings,
} from './page-properties.ts';
import { alonesOf, CONVERT, type PageOperation, pageOperations, PLUG } from './transitions.ts';

/** Sides, plug state, mappings of both containers, who is attached. */
export const MACHINE_WORDS = 5;

export interface PerPageOptions {
  readonly pages: number;
  /** Additions of the design to leave out. */
  readonly without?: ReadonlySet<string>;
  /** Step every refusal, met or not. @defaultValue false */
  readonly everyStep?: boolean;
}

abstract class PageModel implements SearchModel {
  abstract readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[] = PAGE_PROPERTIES;
  readonly sometimes: readonly Sometimes[] = PAGE_PROPERTIES.map(({ invariant }) => ({ name: invariant }));
  violated = 0;
  witnessed = 0;
  readonly machine: PageMachine;
  protected readonly operations: readonly PageOperation[];
  /** By transition: the same operation without a refusal. */
  protected readonly alones: Int32Array;
  readonly #containers: readonly [PageConsumer, PageConsumer];

  constructor(strategy: Strategy, { pages, without = new Set() }: PerPageOptions) {
    assert(Number.isSafeInteger(pages) && pages >= 1 && pages <= MOST_PAGES, 'the pages of the model fit into a word');
    this.machine = new PageMachine(strategy, pages, without);
    this.#containers = this.machine.containers;
    this.operations = pageOperations(pages);
    this.transitionCount = this.operations.length;
    this.alones = alonesOf(this.operations);
    this.spine = Uint8Array.from(this.operations, ({ refuser }) => (refuser === NONE ? 1 : 0));
  }

  reset(): void {
    this.machine.reset();
  }

  abstract store(words: Int32Array, at: number): void;

  step(transition: number): number {
    const operation = this.operations[transition]!;
    const { machine } = this;
    if (operation.kind === PLUG && !machine.hasSource) return NOT_ENABLED;
    const { refuser } = operation;
    if (refuser === NONE) this.noteAlone(transition);
    else if (this.isTwin(transition, operation)) return TWIN;
    else this.#containers[refuser]!.refusedPage = operation.refusedPage;
    const c0 = this.#containers[0];
    const c1 = this.#containers[1];
    const { shared, plugged, attached } = machine;
    const { mapped: mapped0 } = c0;
    const { mapped: mapped1 } = c1;
    const status = this.#perform(operation);
    if (machine.exitReason !== undefined) return this.#end();
    const wasRefused = refuser !== NONE && this.#containers[refuser]!.refusedPage === NONE;
    c0.refusedPage = NONE;
    c1.refusedPage = NONE;
    this.noteInput(transition, wasRefused);
    const isChanged =
      shared !== machine.shared || plugged !== machine.plugged || attached !== machine.attached ||
      mapped0 !== c0.mapped || mapped1 !== c1.mapped;
    this.#witness(wasRefused, mapped0 | mapped1, shared & plugged, attached);
    let violated = wrongMappings(machine);
    if (status !== 0 && isChanged) violated |= ATOMIC;
    if (status !== 0 && !wasRefused) violated |= PROGRESS;
    if (c0.wasIllegal || c1.wasIllegal) violated |= this.#illegal();
    this.violated = violated;
    return violated === 0 ? NEXT : NEXT | VIOLATED;
  }

  label(transition: number): readonly Operation[] {
    return operationsOf(this.machine, this.operations[transition]!);
  }

  explain(property: number): string {
    return explainPages(this.machine, property);
  }

  /** An operation is about to go alone. */
  protected noteAlone(_transition: number): void {}

  /** Whether a refusal is known not to be met in the present state. */
  protected isTwin(_transition: number, _operation: PageOperation): boolean {
    return false;
  }

  /** What the design heard in a step: an operation, and whether a map was refused to it. */
  protected noteInput(_transition: number, _wasRefused: boolean): void {}

  #perform({ kind, of }: PageOperation): Status {
    try {
      if (kind === CONVERT) return this.machine.convert(of);
      return kind === PLUG ? this.machine.plug(of) : this.machine.switchDevice(of);
    } catch (error) {
      this.machine.exitReason = `the design threw: ${String(error)}`;
      return 0;
    }
  }

  /** The VMM gave up; whatever the design is in the middle of is gone with it. */
  #end(): number {
    this.machine.exitReason = undefined;
    for (const container of this.#containers) container.refusedPage = NONE;
    this.violated = NONFATAL;
    return ENDED | VIOLATED;
  }

  #illegal(): number {
    for (const container of this.#containers) container.wasIllegal = false;
    return LEGAL_CALLS;
  }

  /** Each situation in which an `always` could have failed. */
  #witness(wasRefused: boolean, wasMapped: number, wasDue: number, wasAttached: number): void {
    const due = dueOf(this.machine);
    const isSwitched = wasAttached !== this.machine.attached;
    let seen = PROGRESS;
    if (this.machine.attached !== 0 && due !== 0) seen |= COMPLETE | LEGAL_CALLS;
    if ((wasMapped & ~due) !== 0) seen |= BOUNDED;
    if (isSwitched && wasDue !== 0) seen |= HOTPLUG;
    if (wasRefused) seen |= ATOMIC | NONFATAL;
    this.witnessed |= seen;
  }
}

class WordsPageModel extends PageModel {
  readonly wordCount: number;
  #words: Words;
  readonly #everyStep: boolean;
  /** The state loaded last. */
  readonly #here: Int32Array;
  /** What is the case now, to be held against that. */
  readonly #now: Int32Array;
  /** Whether nothing was stepped since, as far as is known. */
  #isHere = false;
  /** The operation that went alone from there last, or NONE; its maps are in `asked` of the containers. */
  #alone = NONE;

  constructor(strategy: Strategy, options: PerPageOptions) {
    super(strategy, options);
    this.#everyStep = options.everyStep ?? false;
    this.#words = wordsOf(this.machine)!;
    this.wordCount = MACHINE_WORDS + this.#words.count;
    this.#here = new Int32Array(this.wordCount);
    this.#now = new Int32Array(this.wordCount);
  }

  override reset(): void {
    super.reset();
    this.#words = wordsOf(this.machine)!;
    this.#isHere = false;
    this.#alone = NONE;
  }

  store(words: Int32Array, at: number): void {
    storeMachine(this.machine, words, at);
    this.#words.store(words, at + MACHINE_WORDS);
  }

  load(words: Int32Array, at: number): void {
    this.#goTo(words, at);
    const { machine } = this;
    machine.shared = words[at]!;
    machine.plugged = words[at + 1]!;
    machine.containers[0].mapped = words[at + 2]!;
    machine.containers[1].mapped = words[at + 3]!;
    machine.attached = words[at + 4]!;
    this.#words.load(words, at + MACHINE_WORDS);
  }

  protected override noteAlone(transition: number): void {
    if (this.#everyStep) return;
    this.#alone = this.#isStillHere() ? transition : NONE;
    this.#isHere = false;
    this.machine.containers[0].asked = 0;
    this.machine.containers[1].asked = 0;
  }

  protected override isTwin(transition: number, { refuser, refusedPage }: PageOperation): boolean {
    const isKnown = this.#alone !== NONE && this.alones[transition] === this.#alone && this.#isStillHere();
    if (isKnown && (this.machine.containers[refuser]!.asked & (1 << refusedPage)) === 0) return true;
    this.#isHere = false;
    return false;
  }

  #goTo(words: Int32Array, at: number): void {
    const here = this.#here;
    for (let word = 0; word < here.length; word += 1) {
      if (here[word] === words[at + word]) continue;
      here[word] = words[at + word]!;
      this.#alone = NONE;
    }
    this.#isHere = true;
  }

  /** A step that was undone leads back without a load. */
  #isStillHere(): boolean {
    if (this.#isHere) return true;
    this.store(this.#now, 0);
    for (let word = 0; word < this.#now.length; word += 1) if (this.#now[word] !== this.#here[word]) return false;
    this.#isHere = true;
    return true;
  }
}

class ReplayedPageModel extends PageModel {
  readonly wordCount: number = MACHINE_WORDS + 1;
  readonly #inputs = new InputHistory();

  override reset(): void {
    super.reset();
    this.#inputs.reset();
  }

  store(words: Int32Array, at: number): void {
    storeMachine(this.machine, words, at);
    words[at + MACHINE_WORDS] = this.#inputs.node;
  }

  /** All other answers it got follow from the machine, and so from what it did and was told before. */
  protected override noteInput(transition: number, wasRefused: boolean): void {
    const { kind, of } = this.operations[transition]!;
    this.#inputs.tell(wasRefused ? `refused ${transition}` : `${kind} ${of}`);
  }
}

/** The model over one design, by words where the design has them. */
export function createPerPageModel(strategy: Strategy, options: PerPageOptions): SearchModel & { readonly machine: PageMachine } {
  const machine = new PageMachine(strategy, options.pages, options.without ?? new Set());
  if (machine.instance.words === undefined) return new ReplayedPageModel(strategy, options);
  return new WordsPageModel(strategy, options);
}

function wordsOf({ instance, cast }: PageMachine): Words | undefined {
  return instance.words?.(cast);
}

function storeMachine({ shared, plugged, containers, attached }: PageMachine, words: Int32Array, at: number): void {
  words[at] = shared;
  words[at + 1] = plugged;
  words[at + 2] = containers[0].mapped;
  words[at + 3] = containers[1].mapped;
  words[at + 4] = attached;
}
