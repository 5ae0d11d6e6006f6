// SPDX-License-Identifier: MIT
/**
 * The reference with one thing wrong: a wrapper around what the host does for it, around the consumers it is given, or
 * around the instance itself. What a plant does not name stays right.
 */
import type { Consumer, Host, Instance, PlugEvents, Strategy } from '@sda-lab/guest-memory';
import { reference } from './reference.ts';

export interface Plant {
  readonly host?: (host: Host) => Host;
  readonly consumer?: (consumer: Consumer) => Consumer;
  /** Gets the instance with its consumers wrapped already, and the host as the world made it. */
  readonly instance?: (instance: Instance, host: Host) => Instance;
}

/** `plant` is called once per instance, so what it remembers belongs to one world. */
export function planted(id: string, plant: () => Plant, declared: Partial<Strategy> = {}): Strategy {
  return {
    ...reference,
    id,
    ...declared,
    create: (host, without) => {
      const { host: wrapHost, consumer, instance: wrapInstance } = plant();
      const right = reference.create(wrapHost?.(host) ?? host, without);
      const instance = consumer === undefined ? right : withConsumers(right, consumer);
      return wrapInstance?.(instance, host) ?? instance;
    },
  };
}

/** A consumer that passes everything on, except for what is replaced. */
export function passOn(consumer: Consumer, replaced: Partial<Pick<Consumer, 'mapRun' | 'unmapRun'>>): Consumer {
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
  const wrapped = new Map<Consumer, Consumer>();
  const wrapperOf = (consumer: Consumer): Consumer => {
    const known = wrapped.get(consumer) ?? wrap(consumer);
    wrapped.set(consumer, known);
    return known;
  };
  return {
    ...instance,
    subscribe: (consumer, section) => instance.subscribe(wrapperOf(consumer), section),
    unsubscribe: (consumer, section) => {
      instance.unsubscribe(wrapperOf(consumer), section);
    },
  };
}
