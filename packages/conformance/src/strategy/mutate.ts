// SPDX-License-Identifier: MIT
/**
 * How a mistake gets into a design: wrapped around what the host does for it, around the consumers or plug sources it
 * is given, or around the instance itself. What a plant does not name stays the carrier's.
 *
 * Does not cover: mistakes of the listener, the virtio-mem device or a manager, whose steps are arguments of their own.
 */
import {
  type Cast,
  type Consumer,
  DesignWords,
  type Host,
  type Instance,
  type PlugEvents,
  type PlugSource,
  type Strategy,
} from '@sda-lab/guest-memory';
import { type Memory, TextNames, TextWords } from './text-words.ts';

export interface Plant {
  readonly host?: (host: Host) => Host;
  readonly consumer?: (consumer: Consumer) => Consumer;
  readonly source?: (source: PlugSource) => PlugSource;
  /** Gets the instance with its consumers wrapped already, and the host as the world made it. */
  readonly instance?: (instance: Instance, host: Host) => Instance;
  /**
   * What the plant remembers from one operation to the next. It goes beside the words of the carrier, which know nothing
   * of it; a plant that does not tell makes a search take different states for one. The cast is that of the world.
   */
  readonly memory?: (cast: Cast) => Memory;
}

/** `plant` is called once per instance, so what it remembers belongs to one world. */
export function mutate(carrier: Strategy, plant: () => Plant): Strategy {
  const names = new TextNames();
  return {
    ...carrier,
    create: (host, without) => {
      const { host: wrapHost, consumer, source, instance: wrapInstance, memory } = plant();
      let instance = carrier.create(wrapHost?.(host) ?? host, without);
      if (consumer !== undefined) instance = withConsumers(instance, consumer);
      if (source !== undefined) instance = withSources(instance, source);
      const planted = wrapInstance?.(instance, host) ?? instance;
      return memory === undefined ? planted : withMemory(planted, memory, names);
    },
  };
}

/** The carrier with additions switched off. */
export function leaveOut(carrier: Strategy, ...additions: readonly string[]): Strategy {
  return { ...carrier, create: (host, without) => carrier.create(host, new Set([...without, ...additions])) };
}

/** A consumer that passes everything on, except for what is replaced. */
export function passOn(consumer: Consumer, replaced: Partial<Consumer>): Consumer {
  return {
    name: consumer.name,
    sides: consumer.sides,
    smallestPages: consumer.smallestPages,
    unmapShape: consumer.unmapShape,
    get done() {
      return consumer.done;
    },
    mapRun: (...run) => consumer.mapRun(...run),
    unmapRun: (...run) => consumer.unmapRun(...run),
    ...replaced,
  };
}

export function withPlug(instance: Instance, plug: Partial<PlugEvents>): Instance {
  return { ...instance, plug: { ...instance.plug, ...plug } };
}

/** One wrapper per consumer, so that it is known again when it leaves. */
function withConsumers(instance: Instance, wrap: (consumer: Consumer) => Consumer): Instance {
  const wrapperOf = memoized(wrap);
  return {
    ...instance,
    subscribe: (consumer, section) => instance.subscribe(wrapperOf(consumer), section),
    unsubscribe: (consumer, section) => instance.unsubscribe(wrapperOf(consumer), section),
    ...withCast(instance, (cast) => ({ ...cast, consumers: cast.consumers.map(wrapperOf) })),
  };
}

function withSources(instance: Instance, wrap: (source: PlugSource) => PlugSource): Instance {
  const wrapperOf = memoized(wrap);
  return {
    ...instance,
    attachSource: (block, source) => instance.attachSource(block, wrapperOf(source)),
    detachSource: (block, source) => instance.detachSource(block, wrapperOf(source)),
    ...withCast(instance, (cast) => ({ ...cast, sources: cast.sources.map(wrapperOf) })),
  };
}

/** Words ask for the very parts that the instance meets. */
function withCast(instance: Instance, metOf: (cast: Cast) => Cast): Partial<Instance> {
  return instance.words === undefined ? {} : { words: (cast) => instance.words!(metOf(cast)) };
}

/** A carrier without words gets none by a memory beside it. */
function withMemory(instance: Instance, memory: (cast: Cast) => Memory, names: TextNames): Instance {
  if (instance.words === undefined) return instance;
  return { ...instance, words: (cast) => new DesignWords([], [instance.words!(cast), new TextWords(memory(cast), names)]) };
}

function memoized<T extends object>(wrap: (one: T) => T): (one: T) => T {
  const known = new Map<T, T>();
  return (one) => {
    const wrapped = known.get(one) ?? wrap(one);
    known.set(one, wrapped);
    return wrapped;
  };
}
