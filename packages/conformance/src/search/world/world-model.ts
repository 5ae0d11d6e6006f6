// SPDX-License-Identifier: MIT
/**
 * A whole world as something to search: every operation in every state, alone and with every refusal of one of its
 * calls, on the very machine, design, containers and judge that run histories. What an operation does is `World.apply`,
 * what is wrong with it is what the judge says; the search adds two questions of its own (recovery.ts): whether a refused
 * operation, repeated, ends as if it had not been refused, and whether the discard count is back when nobody is attached.
 *
 * State: the words of all parts (guest-words.ts). Where the design has none, one word for what it was told stands in
 * their place, and the search goes by re-execution; then recovery is not looked at.
 *
 * Not covered: what `searchedOperations` leaves out; the end of a history (blocks that go), which histories have.
 */
import { assert, type Strategy, type Words } from '@sda-lab/guest-memory';
import type { NestedOperation, Operation } from '../../history/operation.ts';
import type { Invariant } from '../../judge/invariant.ts';
import type { Evidence } from '../../judge/violation.ts';
import { NO_DEVICE, NOT_WHILE_MIGRATING } from '../../world/operations/answer.ts';
import type { MachineOptions, WorldParts } from '../../world/machine.ts';
import { World } from '../../world/world.ts';
import type { WorldSpec } from '../../world/world-spec.ts';
import { InputHistory } from '../input-history.ts';
import {
  ENDED,
  type Hole,
  KNOWN_NEXT,
  MISSED,
  NEXT,
  NOT_ENABLED,
  type Property,
  SAME,
  type SearchModel,
  type Sometimes,
  VIOLATED,
} from '../search-model.ts';
import { allHit, type FaultSet, faultSets, planFaults, refusalsOf } from './fault-sets.ts';
import { Findings, WORLD_PROPERTIES } from './findings.ts';
import { type GuestWords, guestWords } from './guest-words.ts';
import { KnownCalls } from './known-calls.ts';
import { AFTER, BLOCKED, NEITHER, NEVER, ONE_ORDER, Races, VMM_GONE } from './races.ts';
import { countLeft, Recovery } from './recovery.ts';
import { searchedOperations } from './searched-operations.ts';
import { owedSometimes, SometimesSeen } from './sometimes.ts';
import { boundedWorld, type WorldBound } from './world-bound.ts';

export interface WorldModelOptions extends WorldBound {
  /** Additions of the design to leave out. */
  readonly without?: ReadonlySet<string>;
  /** Recovery is asked of every refusal, found wanting before or not: for who excuses some. @defaultValue false */
  readonly asksAlways?: boolean;
  /** Operations inside operations, too. Needs a design with words. @defaultValue false */
  readonly races?: boolean;
  /** Parts of the machine that are replaced only to plant faults; QEMU's own unless given. */
  readonly parts?: WorldParts;
}

/** Answers of an operation that had nothing to do. */
const NOTHING_DONE = new Set<string>([
  'attached already',
  'not attached',
  'joined already',
  'not joined',
  'migrating already',
  'not migrating',
  'unplugged',
  'nothing to load',
  NO_DEVICE,
  NOT_WHILE_MIGRATING,
]);

/** Answers of an operation that was not refused, whatever became of its calls. */
const SUCCESSES = new Set<string>(['0', 'ACK']);

/** An operation on one section makes a call per page and container at most, and as many to undo them. */
const CALLS_PER_PAGE = 2;
const CALLS_BESIDE = 4;

/** A page is switched, filled, mapped and freed on both sides, and all of it undone. */
const EVENTS_PER_PAGE = 6;
const EVENTS_BESIDE = 12;

export class WorldModel implements SearchModel {
  readonly spec: WorldSpec;
  readonly wordCount: number;
  readonly transitionCount: number;
  readonly spine: Uint8Array;
  readonly always: readonly Property[] = WORLD_PROPERTIES;
  readonly sometimes: readonly Sometimes[];
  hole: Hole | undefined = undefined;
  readonly load?: (words: Int32Array, at: number) => void;
  /** What the operation of the last step was answered. */
  lastAnswer = '';
  readonly #strategy: Strategy;
  readonly #machine: MachineOptions;
  readonly #operations: readonly Operation[];
  readonly #faultSets: readonly FaultSet[];
  readonly #calls: KnownCalls;
  /** Transitions between states at rest; those of races come after them. */
  readonly #restCount: number;
  readonly #asksAlways: boolean;
  readonly #races: Races | undefined;
  readonly #seen: SometimesSeen;
  readonly #inputs: InputHistory | undefined;
  #world: World;
  #words: GuestWords;
  readonly #recovery: Recovery | undefined;
  readonly #findings = new Findings();
  /** What was found of refusals that are not recovered from: 1 `atomic`, 2 `progress`, and both again for latent. */
  #unrecovered = 0;
  /** The state loaded last. */
  readonly #here: Int32Array;
  /** Whether the world is in it. */
  #isHere = true;
  /** Whether it is in the state that recovery stored last, with words that are whole. */
  #refusedIsNow = false;

  constructor(strategy: Strategy, options: WorldModelOptions) {
    const { pages, containers, faults, without, parts, races = false, asksAlways = false } = options;
    this.#asksAlways = asksAlways;
    this.spec = boundedWorld(options, strategy);
    this.#strategy = strategy;
    this.#machine = { guard: false, ...(without && { without }), ...(parts && { parts }) };
    this.#operations = searchedOperations(this.spec, strategy);
    const mostCalls = CALLS_PER_PAGE * pages + CALLS_BESIDE;
    this.#faultSets = faultSets(containers, faults, mostCalls);
    this.#calls = new KnownCalls(this.#faultSets, mostCalls);
    this.#restCount = this.#operations.length * this.#faultSets.length;
    this.sometimes = owedSometimes(strategy, this.spec, faults);
    this.#seen = new SometimesSeen(this.sometimes);
    this.#world = this.#createWorld();
    const hasWords = this.#world.instance.words !== undefined;
    this.#inputs = hasWords ? undefined : new InputHistory();
    this.#words = this.#createWords();
    this.wordCount = this.#words.count;
    this.#here = new Int32Array(this.wordCount);
    this.#recovery = hasWords ? new Recovery(this.wordCount, this.#words.guestCount) : undefined;
    if (hasWords) this.load = (words, at) => this.#load(words, at);
    assert(hasWords || !races, 'races are between states that can be loaded');
    this.#races = races ? this.#createRaces(pages) : undefined;
    this.transitionCount = this.#restCount + (this.#races?.count ?? 0);
    this.spine = Uint8Array.from({ length: this.transitionCount }, (_, at) =>
      at < this.#restCount && at % this.#faultSets.length === 0 ? 1 : 0,
    );
  }

  get violated(): number {
    return this.#findings.mask;
  }

  get witnessed(): number {
    return this.#seen.mask(this.#world.judge.witnesses);
  }

  reset(): void {
    this.#seen.keep(this.#world.judge.witnesses);
    this.#world = this.#createWorld();
    this.#inputs?.reset();
    this.#words = this.#createWords();
    this.#forgetState();
    this.#unrecovered = 0;
    this.#isHere = true;
    this.#refusedIsNow = false;
    this.store(this.#here, 0);
  }

  store(words: Int32Array, at: number): void {
    if (this.#refusedIsNow) this.#recovery!.copyRefused(words, at);
    else {
      this.#words.store(words, at);
      if (!this.#words.isWhole) this.hole = 'words';
    }
    if (!this.#isHere) this.#look(words, at);
  }

  next(transition: number): number {
    if (transition >= this.#restCount) return this.#races === undefined ? this.transitionCount : transition;
    const setCount = this.#faultSets.length;
    const set = transition % setCount;
    return set === 0 || !this.#isHere ? transition : transition - set + this.#calls.next(Math.floor(transition / setCount), set);
  }

  step(transition: number): number {
    if (!this.#isHere) this.#forgetState();
    if (transition >= this.#restCount) return this.#stepRace(transition - this.#restCount);
    const which = Math.floor(transition / this.#faultSets.length);
    const faultIndex = transition % this.#faultSets.length;
    const operation = this.#operations[which]!;
    if (faultIndex === 0) return this.#stepPlain(which, operation);
    if (this.#calls.comesTrue(which, faultIndex) === false) return NOT_ENABLED;
    return this.#stepRefused(operation, faultIndex, transition);
  }

  label(transition: number): readonly Operation[] {
    const race = transition - this.#restCount;
    if (race >= 0) return [this.#races!.outerOf(race), this.#races!.nestedOf(race)];
    const operation = this.#operations[Math.floor(transition / this.#faultSets.length)]!;
    return [...refusalsOf(this.#world.containers, this.#faultSets[transition % this.#faultSets.length]!), operation];
  }

  /** The same operation with no call of it refused. */
  plainOf(transition: number): number {
    assert(transition < this.#restCount, 'a race has two operations');
    return transition - (transition % this.#faultSets.length);
  }

  explain(property: number): string {
    return this.#findings.explain(property);
  }

  #stepPlain(which: number, operation: Operation): number {
    this.#heal();
    const wasHere = this.#isHere;
    const answer = this.#perform(operation);
    if (NOTHING_DONE.has(answer)) {
      this.#isHere = wasHere;
      this.#calls.note(which, 0, this.#world.containers);
      return NOT_ENABLED;
    }
    this.#calls.note(which, 0, this.#world.containers);
    if (this.#world.hasEnded) return this.#end();
    this.#races?.noteAlone(which, this.#world.machine.eventCount);
    this.#inputs?.tell(which);
    this.#seen.look(this.#world, operation, answer);
    return this.#judged();
  }

  #stepRefused(operation: Operation, faultIndex: number, transition: number): number {
    const { containers } = this.#world;
    const recovery = this.#recovery;
    if (this.#isHere) recovery?.beginAt(this.#here);
    else recovery?.begin(this.#words);
    this.#heal();
    planFaults(containers, this.#faultSets[faultIndex]!);
    const answer = this.#perform(operation);
    const isHit = allHit(containers);
    if (isHit) this.#calls.note(Math.floor(transition / this.#faultSets.length), faultIndex, containers);
    this.#heal();
    // Only now is known that the operation makes no such call; the world is as after the plain one.
    if (!isHit || NOTHING_DONE.has(answer)) return MISSED;
    if (this.#world.hasEnded) return this.#end();
    this.#inputs?.tell(transition);
    if (recovery !== undefined && !SUCCESSES.has(answer)) this.#seen.lookAtRefusal();
    const flags = this.#judged();
    const isUnchanged = recovery?.isUnchanged(this.#words) === true;
    // Asked before recovery stores other states.
    const isWhole = recovery === undefined || this.#isWholeNow();
    if (isUnchanged && isWhole) return this.#stay(flags);
    this.#refusedIsNow = recovery !== undefined && isWhole;
    const found = this.#mayNotRecover(answer) ? recovery?.check(this.#words, this.#world, operation, answer) : undefined;
    if (found === undefined) return flags;
    this.#unrecovered |= this.#reachBits(found.invariant === 'atomic' ? 1 : 2);
    return this.#add(found.invariant, found.evidence);
  }

  /**
   * Only what answers a refusal is repeated, and only until both that can be wrong with it were found: states come in the
   * order of their distance, so what is found later of one invariant is no nearer.
   */
  #mayNotRecover(answer: string): boolean {
    if (SUCCESSES.has(answer)) return false;
    return this.#asksAlways || (this.#unrecovered & this.#reachBits(3)) !== this.#reachBits(3);
  }

  #reachBits(bits: number): number {
    return this.#world.judge.isLatent ? bits << 2 : bits;
  }

  #stepRace(race: number): number {
    const races = this.#races!;
    if (races.isBeyond(race)) return NOT_ENABLED;
    races.begin(this.#words, this.#isHere ? this.#here : undefined);
    const nested = races.nestedOf(race);
    const answer = this.#perform(races.outerOf(race), nested);
    const fate = races.fateIn(this.#world);
    if (NOTHING_DONE.has(answer) || fate === NEVER || fate === AFTER) return MISSED;
    if (fate === BLOCKED) this.hole = 'blocked';
    if (fate === BLOCKED || fate === VMM_GONE) return this.#end();
    const flags = this.#judged();
    // The answer of the inner operation is given once, when it is its turn.
    const compared = races.compare(race, this.#words, answer, this.#world.apply(nested));
    if (compared === NEITHER) return this.#add('atomic', races.evidence(race));
    return compared === ONE_ORDER && this.#isWholeNow() ? flags - NEXT + KNOWN_NEXT : flags;
  }

  /** Whether what was stored last fits its words; a search with a hole is not complete. */
  #isWholeNow(): boolean {
    if (!this.#words.isWhole) this.hole = 'words';
    return this.#words.isWhole;
  }

  /** No refusal is planned any more, and calls are counted from here. */
  #heal(): void {
    const { containers } = this.#world;
    for (let at = 0; at < containers.length; at += 1) containers[at]!.kernel.faults.heal();
  }

  /** Nothing of an operation outlives it but what the words hold. */
  #perform(operation: Operation, nested?: NestedOperation): string {
    const { machine, judge } = this.#world;
    judge.takeViolations();
    // A load forgets them, and not every step begins with one.
    judge.forgetRefusals();
    machine.eventCount = 0;
    this.#isHere = false;
    this.#refusedIsNow = false;
    this.lastAnswer = this.#world.apply(operation, nested);
    machine.forgetRetries();
    return this.lastAnswer;
  }

  #judged(): number {
    const { judge, machine } = this.#world;
    this.#findings.set(judge.takeViolations());
    const left = countLeft(machine);
    if (left !== undefined) return this.#add('hotplug', left);
    return this.violated === 0 ? NEXT : NEXT | VIOLATED;
  }

  /** Every word is as it was, so the world is where it was. */
  #stay(flags: number): number {
    this.#isHere = true;
    return flags - NEXT + SAME;
  }

  #add(invariant: Invariant, evidence: Evidence): number {
    const { judge, machine } = this.#world;
    const reach = judge.isLatent ? 'latent' : 'live';
    this.#findings.add({ invariant, reach, operationIndex: machine.operationIndex, evidence });
    return NEXT | VIOLATED;
  }

  /** The guest was shut down, or the VMM gave up. */
  #end(): number {
    this.#findings.set(this.#world.judge.takeViolations());
    return this.violated === 0 ? ENDED : ENDED | VIOLATED;
  }

  #load(words: Int32Array, at: number): void {
    let isSame = true;
    for (let word = 0; word < this.wordCount; word += 1) {
      if (this.#here[word] === words[at + word]) continue;
      isSame = false;
      this.#here[word] = words[at + word]!;
    }
    if (!isSame) this.#forgetState();
    this.#isHere = true;
    this.#refusedIsNow = false;
    this.#words.load(words, at);
  }

  /** What was learned of a state holds in it only. */
  #forgetState(): void {
    this.#calls.forget();
    this.#races?.forget();
  }

  /** An operation that changed no word has led back. */
  #look(words: Int32Array, at: number): void {
    for (let word = 0; word < this.wordCount; word += 1) if (this.#here[word] !== words[at + word]) return;
    this.#isHere = true;
  }

  /** A device's write, and the guest's own access, come at any time. */
  #createRaces(pages: number): Races {
    const { containers } = this.spec;
    const accesses = containers.flatMap(({ name }) =>
      Array.from({ length: pages }, (_, page): Operation => ({ op: 'dma', container: name, page, access: 'write' })),
    );
    const { wordCount } = this;
    const ground = {
      operations: this.#operations,
      wordCount,
      guestCount: this.#words.guestCount,
      isOneRequest: (operation: Operation) => this.#isOneRequest(operation),
      perform: (operation: Operation) => this.#perform(operation),
    };
    return new Races(ground, accesses, EVENTS_PER_PAGE * pages * containers.length + EVENTS_BESIDE);
  }

  #isOneRequest(operation: Operation): boolean {
    if (operation.op !== 'convert') return true;
    const run = { first: operation.page, end: operation.page + operation.count };
    return this.#world.layout.runsOfSections(run).length === 1;
  }

  #createWorld(): World {
    const world = new World(this.spec, this.#strategy, this.#machine);
    assert(!world.hasEnded, 'the design can start a guest');
    return world;
  }

  #createWords(): GuestWords {
    const { instance, machine } = this.#world;
    const { layout, containers, devices } = machine;
    const cast = {
      consumers: containers.map(({ listener }) => listener),
      sections: layout.spans.filter(({ isRom }) => !isRom).map(({ section }) => section),
      sources: devices.filter((device) => device !== undefined),
    };
    return guestWords(machine, instance.words?.(cast) ?? this.#inputWords());
  }

  #inputWords(): Words {
    return {
      count: 1,
      store: (words, at) => {
        words[at] = this.#inputs!.node;
      },
      load: () => assert(false, 'a design without words is not loaded'),
    };
  }
}

export function createWorldModel(strategy: Strategy, options: WorldModelOptions): WorldModel {
  return new WorldModel(strategy, options);
}
