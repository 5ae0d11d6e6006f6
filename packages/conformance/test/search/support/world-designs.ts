// SPDX-License-Identifier: MIT
// Designs for searches of worlds: a control that remembers one number, and mistakes to make with it.
import { discardOther, ERRNO, type Instance, type Strategy, switchSide } from '@sda-lab/guest-memory';
import { keepShared } from '../../../src/controls/keep-shared.ts';

/** What a design remembers between operations: one small number. */
export interface Memory {
  value: number;
}

/** `change` gets the instance, the memory and the host; what it returns takes the place of the instance. */
export function remembering(
  id: string,
  change: (instance: Instance, memory: Memory, host: Parameters<Strategy['create']>[0]) => Partial<Instance>,
): Strategy {
  return {
    ...keepShared,
    id,
    create: (host, without) => {
      const memory: Memory = { value: 0 };
      const instance = keepShared.create(host, without);
      const words: NonNullable<Instance['words']> = () => ({
        count: 1,
        store: (into, at) => {
          into[at] = memory.value;
        },
        load: (from, at) => {
          memory.value = from[at]!;
        },
      });
      return { ...instance, words, ...change(instance, memory, host) };
    },
  };
}

/** Remembers a refused attach, and answers the next one with another errno. */
export const bearsGrudge = remembering('bears-grudge', (instance, memory) => ({
  subscribe: (consumer, section) => {
    if (memory.value === 1) return -ERRNO.EBUSY;
    const status = instance.subscribe(consumer, section);
    if (status !== 0) memory.value = 1;
    return status;
  },
}));

/** Remembers a refused attach, and takes the next one for done. */
export const believesRetries = remembering('believes-retries', (instance, memory) => ({
  subscribe: (consumer, section) => {
    if (memory.value === 1) return 0;
    const status = instance.subscribe(consumer, section);
    if (status !== 0) memory.value = 1;
    return status;
  },
}));

/** Both: refused in one container it bears the grudge, in another it believes the retry. */
export const hasBothFaults = remembering('has-both-faults', (instance, memory) => ({
  subscribe: (consumer, section) => {
    if (memory.value === 1) return -ERRNO.EBUSY;
    if (memory.value === 2) return 0;
    const status = instance.subscribe(consumer, section);
    if (status !== 0) memory.value = consumer.name === 'c0' ? 1 : 2;
    return status;
  },
}));

/** Converts rightly, and answers -EIO whenever another conversion came in between. */
export const answersWrongly = remembering('answers-wrongly', (_instance, _memory, host) => {
  let depth = 0;
  let wasInside = false;
  return {
    convert: (request, to) => {
      depth += 1;
      if (depth > 1) wasInside = true;
      const status = switchSide(host, request, to);
      if (status === 0 && to === 'shared') discardOther(host, request.pages, to);
      depth -= 1;
      const answer = depth === 0 && wasInside ? -ERRNO.EIO : status;
      if (depth === 0) wasInside = false;
      return answer;
    },
  };
});

/** Counts conversions up to three; between reading the count and writing it, it calls its host. */
export function counting(isLocked: boolean): Strategy {
  return remembering(isLocked ? 'counts-locked' : 'counts', (_instance, memory, host) => ({
    convert: (request, to) => {
      if (isLocked) host.lock('design');
      const count = memory.value;
      const status = switchSide(host, request, to);
      if (status === 0) discardOther(host, request.pages, to);
      memory.value = (count + 1) % 4;
      if (isLocked) host.unlock('design');
      return status;
    },
  }));
}

/** Takes its lock in the middle of a conversion only. */
export const locksLate = remembering('locks-late', (_instance, _memory, host) => ({
  convert: (request, to) => {
    const status = switchSide(host, request, to);
    host.lock('design');
    discardOther(host, request.pages, to);
    host.unlock('design');
    return status;
  },
}));

/** Has more to remember than it has words for. */
export const lacksWords = remembering('lacks-words', () => ({
  words: () => ({ count: 1, isWhole: false, store: (into, at) => into.fill(0, at, at + 1), load: () => undefined }),
}));

/** Remembers in secret: after three conversions it refuses all others. */
export const hidesMemory = remembering('hides-memory', (instance, memory) => ({
  words: () => ({ count: 0, store: () => undefined, load: () => undefined }),
  convert: (request, to) => {
    memory.value += 1;
    return memory.value > 3 ? -ERRNO.EINVAL : instance.convert(request, to);
  },
}));

/** Does nothing at all, and so nothing wrong. */
export const refusesEverything = remembering('refuses-everything', () => ({
  subscribe: () => -ERRNO.EBUSY,
  convert: () => -ERRNO.EAGAIN,
}));
