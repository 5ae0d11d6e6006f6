// SPDX-License-Identifier: MIT
/**
 * How a mistake gets into a design: wrapped around what the host does for it, around the consumers or plug sources it
 * is given, or around the instance itself. What a plant does not name stays the carrier's.
 */
import type { Consumer, Host, Instance, PlugEvents, PlugSource, Strategy } from '@sda-lab/guest-memory';

export interface Plant {
  readonly host?: (host: Host) => Host;
  readonly consumer?: (consumer: Consumer) => Consumer;
  readonly source?: (source: PlugSource) => PlugSource;
  /** Gets the instance with its consumers wrapped already, and the host as the world made it. */
  readonly instance?: (instance: Instance, host: Host) => Instance;
}

/** `plant` is called once per instance, so what it remembers belongs to one world. */
export function mutate(carrier: Strategy, plant: () => Plant): Strategy {
  return {
    ...carrier,
    create: (host, without) => {
      const { host: wrapHost, consumer, source, instance: wrapInstance } = plant();
      let instance = carrier.create(wrapHost?.(host) ?? host, without);
      if (consumer !== undefined) instance = withConsumers(instance, consumer);
      if (source !== undefined) instance = withSources(instance, source);
      return wrapInstance?.(instance, host) ?? instance;
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
  };
}

function withSources(instance: Instance, wrap: (source: PlugSource) => PlugSource): Instance {
  const wrapperOf = memoized(wrap);
  return {
    ...instance,
    attachSource: (block, source) => instance.attachSource(block, wrapperOf(source)),
    detachSource: (block, source) => instance.detachSource(block, wrapperOf(source)),
  };
}

function memoized<T extends object>(wrap: (one: T) => T): (one: T) => T {
  const known = new Map<T, T>();
  return (one) => {
    const wrapped = known.get(one) ?? wrap(one);
    known.set(one, wrapped);
    return wrapped;
  };
}
