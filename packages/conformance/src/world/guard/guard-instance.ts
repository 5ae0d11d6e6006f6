// SPDX-License-Identifier: MIT
/**
 * A design's instance behind a check of every answer. The suite works with this one only: a design that answers
 * nonsense, leaves a member out, changes what it was handed or never stops calling ends its VMM (`nonfatal`) with a
 * message that names the member, and ends nothing else.
 *
 * What it is handed is frozen. Consumers and plug sources are handed over as facades, the same one each time.
 * Members that its capabilities make pointless may be missing. Not covered: a loop that calls nobody, and code that
 * changes the language itself (`Array.prototype`); a caller that expects those runs the suite in a Worker.
 */
import {
  type Consumer,
  type ConversionRequest,
  ERRNO,
  type Host,
  type Instance,
  NO_PLUG_EVENTS,
  type PageRange,
  type PlugEvents,
  type PlugSource,
  type Status,
  type Strategy,
} from '@sda-lab/guest-memory';
import { CallBudget } from './call-budget.ts';
import { checkNoPromise, checkStatus } from './check-value.ts';
import { type Guard, guardConsumer, guardEmit, guardHost, guardSource } from './guard-calls.ts';
import { PortError } from './port-error.ts';
import { shown } from './shown.ts';

export interface GuardOptions {
  readonly strategy: Strategy;
  readonly host: Host;
  readonly without: ReadonlySet<string>;
  /** Pages of the guest and containers of the world: what a design may have to touch in one call. */
  readonly pageCount: number;
  readonly containerCount: number;
}

/** Creates the design's instance for a world. Throws a `PortError`, or whatever `create` throws. */
export function createGuardedInstance(options: GuardOptions): Instance {
  const { strategy, host, without, pageCount, containerCount } = options;
  const known = new Set<unknown>();
  const guard: Guard = { budget: new CallBudget(pageCount, containerCount), known };
  const created: unknown = strategy.create(guardHost(host, guard), new Set(without));
  return guarded(completed(created, strategy), guard, known);
}

/** The same without checks, for a design that is no foreign code: members left out stand for their defaults. */
export function createBareInstance({ strategy, host, without }: Pick<GuardOptions, 'strategy' | 'host' | 'without'>): Instance {
  return completed(strategy.create(host, new Set(without)), strategy);
}

/** What a member left out stands for, where the capabilities allow it. */
function defaultsFor({ capabilities }: Strategy): Partial<Instance> {
  return {
    removeBlock: () => undefined,
    ...(!capabilities.virtioMem && {
      attachSource: () => -ERRNO.EBUSY,
      detachSource: () => -ERRNO.ENOENT,
      plug: NO_PLUG_EVENTS,
    }),
    ...(capabilities.reset === 'shutdown' && { reset: () => -ERRNO.EOPNOTSUPP }),
    ...(!capabilities.views && { runs: (_block, _view, first, end, emit) => emit(first, end, 'shared') }),
  };
}

const MEMBERS = [
  'addBlock',
  'removeBlock',
  'attachSource',
  'detachSource',
  'subscribe',
  'unsubscribe',
  'convert',
  'reset',
  'runs',
] as const satisfies readonly (keyof Instance)[];

/** What each plug event answers. */
const PLUG_ANSWERS: Readonly<Record<keyof PlugEvents, 'status' | 'nothing'>> = {
  slotAdded: 'nothing',
  willPlug: 'status',
  plugAborted: 'nothing',
  plugged: 'nothing',
  willUnplug: 'status',
  unplugAborted: 'nothing',
  discarded: 'nothing',
  unplugged: 'nothing',
  willUnplugAll: 'status',
  discardedAll: 'nothing',
  loaded: 'status',
};

type Callable = (...args: unknown[]) => unknown;

/** The instance with every member there, bound to it: members of a class stand on its prototype and use `this`. */
function completed(created: unknown, strategy: Strategy): Instance {
  if (typeof created !== 'object' || created === null) {
    throw new PortError(`create answered ${shown(created)}; it answers an object with ${MEMBERS.join(', ')} and plug`);
  }
  const given = created as Partial<Instance>;
  const defaults = defaultsFor(strategy);
  const members = MEMBERS.map((member) => [member, memberOf(given, defaults, member)]);
  const instance = { ...(Object.fromEntries(members) as Instance), plug: (given.plug ?? defaults.plug)! };
  return typeof given.words === 'function' ? { ...instance, words: given.words.bind(given) } : instance;
}

function memberOf(given: object, defaults: object, member: string): Callable {
  const own: unknown = Reflect.get(given, member);
  const found = own ?? Reflect.get(defaults, member);
  if (typeof found === 'function') return (found as Callable).bind(given);
  throw new PortError(`the instance's ${member} is ${shown(own)}; with these capabilities it must be a function`);
}

function guarded(inner: Instance, guard: Guard, known: Set<unknown>): Instance {
  const { budget } = guard;
  const status = (member: string, act: () => unknown): Status => checkStatus(member, budget.during(member, act));
  const nothing = (member: string, act: () => unknown): void => checkNoPromise(member, budget.during(member, act));
  const hand = <T extends object>(value: T): T => {
    known.add(value);
    return Object.freeze(value);
  };
  const consumers = facades((consumer: Consumer) => guardConsumer(consumer, guard));
  const sources = facades((source: PlugSource) => guardSource(source, guard));
  return {
    addBlock: (block) => status('addBlock', () => inner.addBlock(hand(block))),
    removeBlock: (block) => nothing('removeBlock', () => inner.removeBlock(block)),
    attachSource: (block, source) => status('attachSource', () => inner.attachSource(hand(block), sources(source))),
    detachSource: (block, source) => status('detachSource', () => inner.detachSource(block, sources(source))),
    subscribe: (consumer, section) => status('subscribe', () => inner.subscribe(consumers(consumer), hand(section))),
    unsubscribe: (consumer, section) => nothing('unsubscribe', () => inner.unsubscribe(consumers(consumer), section)),
    convert: (request, to) => status('convert', () => inner.convert(frozenRequest(request), to)),
    reset: () => status('reset', () => inner.reset()),
    plug: guardPlug(inner.plug, { status, nothing, sources }),
    runs: (block, view, firstPage, endPage, emit) =>
      status('runs', () => inner.runs(block, view, firstPage, endPage, guardEmit(emit, block, guard))),
    ...(inner.words && {
      words: (cast) => {
        for (const section of cast.sections) hand(section);
        return inner.words!({ ...cast, consumers: cast.consumers.map(consumers), sources: cast.sources.map(sources) });
      },
    }),
  };
}

/** One facade per part, so that a design may use it as a key. */
function facades<T extends object>(make: (part: T) => T): (part: T) => T {
  const made = new WeakMap<T, T>();
  return (part) => {
    const known = made.get(part) ?? make(part);
    made.set(part, known);
    return known;
  };
}

function frozenRequest(request: ConversionRequest): ConversionRequest {
  Object.freeze(request.pages);
  Object.freeze(request.gfns);
  return Object.freeze(request);
}

interface PlugGuard {
  readonly status: (member: string, act: () => unknown) => Status;
  readonly nothing: (member: string, act: () => unknown) => void;
  readonly sources: (source: PlugSource) => PlugSource;
}

function guardPlug(plug: PlugEvents, { status, nothing, sources }: PlugGuard): PlugEvents {
  const events = (Object.keys(PLUG_ANSWERS) as (keyof PlugEvents)[]).map((event) => {
    const act = memberOf(plug, {}, event);
    const call = (source: PlugSource, range: PageRange, ...rest: unknown[]): Status | void =>
      (PLUG_ANSWERS[event] === 'status' ? status : nothing)(`plug.${event}`, () =>
        act(sources(source), Object.freeze(range), ...rest),
      );
    return [event, call];
  });
  return Object.fromEntries(events) as PlugEvents;
}
