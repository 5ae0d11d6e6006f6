// SPDX-License-Identifier: MIT
/**
 * What was recorded of one request, played against the model while it carries the same request out: each effect of the
 * model must be the next one recorded, and takes the answer that was given then. Refusals are input, not model.
 *
 * Lifecycle: made with the recorded effects -> `emit` per effect of the model -> `finish` once. After the first
 * difference nothing is matched any more and everything is answered with success.
 *
 * Source: order and answers as recorded on QEMU 11.1.3. An answer that never came is not in a recording; `givesUp` reads
 * it from what QEMU did next.
 */
import { ERRNO, type Status } from '@sda-lab/guest-memory';
import type { Effect, EffectKind, RecordedEffect } from './effect.ts';

/** A device's server closed its connection; QEMU's later messages to it reach nobody. */
export interface LostServer {
  readonly line: number;
  readonly us: number;
  readonly actor: string;
  readonly kind: 'lost';
}

export type TapeItem = RecordedEffect | LostServer;

/** Where model and recording part. */
export interface Difference {
  readonly line: number;
  readonly expected: string;
  readonly got: string;
}

export interface TapeOptions {
  /** Line to point to when the recording has nothing more. */
  readonly endLine: number;
  /** When the request was over; NaN if unknown. */
  readonly endUs?: number;
  /** QEMU's own answer was a refusal: only then can a message have gone unanswered. */
  readonly failed?: boolean;
  /** Actors whose server is gone; the tape adds to it. */
  readonly lost?: Set<string>;
}

/** Far above any answer of a server that answers, below the shortest timeout in use. */
const GIVEN_UP_AFTER_US = 150_000;

export class Tape {
  /** Effects that were equal, by kind. */
  readonly matched: Record<EffectKind, number> = { map: 0, unmap: 0, attributes: 0, madvise: 0, punch: 0 };
  difference: Difference | undefined = undefined;
  readonly #items: readonly TapeItem[];
  readonly #options: TapeOptions;
  readonly #lost: Set<string>;
  /** Items matched ahead of `#next`, in a transaction. */
  readonly #ahead = new Set<TapeItem>();
  #next = 0;

  constructor(items: readonly TapeItem[], options: TapeOptions) {
    this.#items = items;
    this.#options = options;
    this.#lost = options.lost ?? new Set();
  }

  /**
   * The model does this now. `own-order`: nobody waits for answers between the messages of a transaction, and they
   * travel on a connection per actor; only the actor's own order is known then.
   */
  emit(effect: Effect, order: 'strict' | 'own-order'): Status {
    this.#skip();
    if (this.#lost.has(effect.actor)) return -ERRNO.EIO;
    if (this.difference !== undefined) return 0;
    const at = order === 'strict' ? this.#next : this.#nextOf(effect.actor);
    const item = this.#items[at];
    if (item?.kind !== effect.kind || item.actor !== effect.actor || !isSaid(item, effect.text)) {
      this.#differ(item, `${effect.actor} ${effect.text}`);
      return 0;
    }
    this.#ahead.add(item);
    this.matched[effect.kind] += 1;
    const errno = item.errno !== 0 ? item.errno : this.#givesUp(item, at) ? ERRNO.EIO : 0;
    return errno === 0 ? 0 : -errno;
  }

  /** The model cannot carry the request out at all. */
  fail(why: string): void {
    this.difference ??= { line: this.#options.endLine, expected: 'a request that can be carried out', got: why };
  }

  /** The model is done: what is left on the tape, QEMU did and the model did not. */
  finish(): void {
    this.#skip();
    const item = this.#items[this.#next];
    if (item !== undefined && this.difference === undefined) this.#differ(item, 'nothing more');
  }

  #differ(item: TapeItem | undefined, got: string): void {
    const expected = item === undefined || item.kind === 'lost' ? 'nothing more' : `${item.actor} ${item.text}`;
    this.difference = { line: item?.line ?? this.#options.endLine, expected, got };
  }

  /** Moves over what was matched already and over lost servers. */
  #skip(): void {
    for (;;) {
      const item = this.#items[this.#next];
      if (item === undefined) return;
      if (item.kind === 'lost') this.#lost.add(item.actor);
      else if (!this.#ahead.has(item)) return;
      this.#next += 1;
    }
  }

  #nextOf(actor: string): number {
    let at = this.#next;
    for (; at < this.#items.length; at += 1) {
      const item = this.#items[at]!;
      if (item.actor === actor && !this.#ahead.has(item)) break;
    }
    return at;
  }

  /**
   * A map that QEMU stopped waiting for, or that a server took into its grave: the request failed, a long silence or
   * the end of the connection follows, and no further map of that device does.
   */
  #givesUp(item: RecordedEffect, at: number): boolean {
    if (item.kind !== 'map' || this.#options.failed !== true) return false;
    const rest = this.#items.slice(at + 1);
    if (rest.some((later) => later.actor === item.actor && later.kind === 'map')) return false;
    const next = rest[0];
    if (next?.kind === 'lost' && next.actor === item.actor) return true;
    return (next?.us ?? this.#options.endUs ?? Number.NaN) - item.us >= GIVEN_UP_AFTER_US;
  }
}

function isSaid({ text, isCut }: RecordedEffect, said: string): boolean {
  return isCut ? said.startsWith(`${text} `) : said === text;
}
