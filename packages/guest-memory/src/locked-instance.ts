// SPDX-License-Identifier: MIT
/**
 * A design under one lock of its own: whoever enters takes it first and gives it back when done, so that conversions,
 * devices that come or go, and plug requests exclude each other. A building block for strategies; none of QEMU's designs
 * has it.
 *
 * A plug request is several calls and one state change: the lock is taken by the question (`willPlug`, `willUnplug`,
 * `willUnplugAll`) and given back by the event that ends the request (`plugged`, `plugAborted`, `unplugged`,
 * `unplugAborted`, or the refusal of an unplug). In between the source answers its old state while consumers have been
 * told of the new one, and a conversion that came in would believe the one and miss the other.
 *
 * QEMU runs devices and plug requests under the big lock and conversions without it; this lock is what a conversion and
 * those would share. Not covered: finer locks (a range, a block), readers beside writers, the order of several locks.
 */
import { assert } from './assert.ts';
import type { Host, Lock } from './ports/host.ts';
import type { Instance } from './ports/instance.ts';
import type { PlugEvents } from './ports/plug.ts';
import type { Status } from './status.ts';

/** `lock`: the name under which the host knows it. */
export function lockedInstance(inner: Instance, host: Pick<Host, 'lock' | 'unlock'>, lock: Lock): Instance {
  const take = (): void => {
    const isTaken = host.lock(lock);
    assert(isTaken, 'who waits for a lock does not go on');
  };
  const alone = <T>(act: () => T): T => {
    take();
    try {
      return act();
    } finally {
      host.unlock(lock);
    }
  };
  return {
    addBlock: (block) => alone(() => inner.addBlock(block)),
    removeBlock: (block) => alone(() => inner.removeBlock(block)),
    attachSource: (block, source) => alone(() => inner.attachSource(block, source)),
    detachSource: (block, source) => alone(() => inner.detachSource(block, source)),
    subscribe: (consumer, section) => alone(() => inner.subscribe(consumer, section)),
    unsubscribe: (consumer, section) => alone(() => inner.unsubscribe(consumer, section)),
    convert: (request, to) => alone(() => inner.convert(request, to)),
    reset: () => alone(() => inner.reset()),
    plug: lockedPlug(inner.plug, { take, give: () => host.unlock(lock) }),
    runs: (block, view, firstPage, endPage, emit) => alone(() => inner.runs(block, view, firstPage, endPage, emit)),
    ...(inner.words !== undefined && { words: (cast) => inner.words!(cast) }),
  };
}

interface Latch {
  readonly take: () => void;
  readonly give: () => void;
}

/** The plug events, with the lock held from a request's question to its end. */
function lockedPlug(plug: PlugEvents, { take, give }: Latch): PlugEvents {
  let isInRequest = false;
  const begin = (ask: () => Status): Status => {
    take();
    isInRequest = true;
    try {
      return ask();
    } catch (error) {
      end();
      throw error;
    }
  };
  const end = (): void => {
    isInRequest = false;
    give();
  };
  /** An event inside a request; one that comes by itself stands alone. */
  const inside = (tell: () => void): void => {
    if (!isInRequest) take();
    try {
      tell();
    } finally {
      if (!isInRequest) give();
    }
  };
  const last = (tell: () => void): void => {
    if (!isInRequest) take();
    try {
      tell();
    } finally {
      end();
    }
  };
  const question = (ask: () => Status): Status => {
    const status = begin(ask);
    if (status !== 0) end();
    return status;
  };
  return {
    slotAdded: (source, range) => inside(() => plug.slotAdded(source, range)),
    // Refused or not, an event ends the request.
    willPlug: (source, range) => begin(() => plug.willPlug(source, range)),
    plugAborted: (source, range) => last(() => plug.plugAborted(source, range)),
    plugged: (source, range) => last(() => plug.plugged(source, range)),
    willUnplug: (source, range) => question(() => plug.willUnplug(source, range)),
    unplugAborted: (source, range) => last(() => plug.unplugAborted(source, range)),
    discarded: (source, range) => inside(() => plug.discarded(source, range)),
    unplugged: (source, range) => last(() => plug.unplugged(source, range)),
    willUnplugAll: (source, range) => question(() => plug.willUnplugAll(source, range)),
    discardedAll: (source, range) => inside(() => plug.discardedAll(source, range)),
    loaded: (source, range, plugged) => {
      take();
      try {
        return plug.loaded(source, range, plugged);
      } finally {
        give();
      }
    },
  };
}
