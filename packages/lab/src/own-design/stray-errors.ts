// SPDX-License-Identifier: MIT
/**
 * Errors that the design throws outside of every call: a promise rejected and waited for by nobody, a microtask or a
 * timer that throws. All of them would end a VMM. They come when the suite is through, since it never gives way before;
 * Node remembers for each under which history it was set off.
 *
 * Not covered: a timer that is due later than a turn after the suite's end, and a design that handles the event itself.
 */
import { thrownText } from '@sda-lab/conformance';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate, setTimeout } from 'node:timers';

/** The history under way. */
export interface Place {
  /** Of the report, counted from 0. */
  readonly cell: number;
  readonly history: string;
}

export interface Stray {
  readonly error: string;
  /** Undefined: set off while no history was under way, or Node does not know. */
  readonly place: Place | undefined;
}

export interface StrayErrors {
  /** What is set off from here on belongs to this history. */
  enter(place: Place | undefined): void;
  /** Lets microtasks and a turn of timers pass; the first error of each cell so far, and the first without a place. */
  settle(): Promise<readonly Stray[]>;
}

export function catchStrayErrors(): StrayErrors {
  const places = new AsyncLocalStorage<Place | undefined>();
  const firsts = new Map<number | undefined, Stray>();
  const note = (thrown: unknown, place = places.getStore()): void => {
    if (!firsts.has(place?.cell)) firsts.set(place?.cell, { error: thrownText(thrown), place });
  };
  process.on('uncaughtException', (error) => note(error));
  process.on('unhandledRejection', (reason) => note(reason));
  placeMicrotasks(places, note);
  return {
    enter: (place) => places.enterWith(place),
    settle: async () => {
      places.enterWith(undefined);
      // A timer of 0 ms is one of 1 ms, and those that are due come in order.
      await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setImmediate(resolve));
      return [...firsts.values()];
    },
  };
}

/** Of a microtask alone, Node forgets where it was set off when it throws. */
function placeMicrotasks(places: AsyncLocalStorage<Place | undefined>, note: (thrown: unknown, place?: Place) => void): void {
  const queue = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (task) => {
    if (typeof task !== 'function') return queue(task);
    const place = places.getStore();
    queue(() => {
      try {
        task();
      } catch (error) {
        note(error, place);
      }
    });
  };
}
