// SPDX-License-Identifier: MIT
/**
 * A QLIST of those who are to be told, as QEMU keeps listeners and notifiers: a new member goes to the head (or right
 * behind another), and a walk tells them from the head on.
 *
 * Nothing keeps another thread from changing the list while it is walked, so what a walk does then is said here and not
 * left to an iterator:
 *   who comes in before the member a walk stands on was passed already and is not told (so a device that is added while
 *     a conversion tells its listeners hears of that conversion from its own replay alone);
 *   who leaves before its turn is not told;
 *   who leaves while a walk still needs it is freed memory that the walk reads: `exit`. QLIST_FOREACH needs the member it
 *     stands on; QLIST_FOREACH_SAFE, the notifier lists' walk, needs the one after it and lets the first go.
 *
 * Source: QEMU 10.2.2 include/qemu/queue.h, util/notify.c, hw/vfio/listener.c (a listener is freed right after it was
 * unregistered). That a device added while a vCPU converts races with it was seen on 11.1.3; that a freed member is read
 * is derived from the source, nobody has seen it. Not covered: a pointer torn in half, two threads that both insert.
 */
import { assert } from './assert.ts';
import type { Status } from './status.ts';

export interface WalkedListOptions {
  /** Which member a walk cannot do without. */
  readonly walk: 'foreach' | 'foreach-safe';
  /** Called when a member leaves that a walk needs. May return; the walk ends then. */
  readonly exit: (reason: string) => void;
  /** What the members are, for the reason: `listener`. */
  readonly what: string;
}

export class WalkedList<Member> {
  readonly #options: WalkedListOptions;
  /** From the head; replaced, never changed in place. */
  #members: readonly Member[] = [];
  /** What the walks under way cannot do without, the innermost last. */
  readonly #needed: (Member | undefined)[] = [];

  constructor(options: WalkedListOptions) {
    this.#options = options;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Another list altogether, in whatever order; nobody hears of it. */
  replace(members: readonly Member[]): void {
    this.#members = members;
  }

  /** At the head, or right behind a member. */
  insert(member: Member, behind?: Member): void {
    const at = behind === undefined ? 0 : this.#members.indexOf(behind) + 1;
    assert(behind === undefined || at > 0, 'a place is behind a member');
    this.#members = [...this.#members.slice(0, at), member, ...this.#members.slice(at)];
  }

  remove(member: Member): void {
    assert(this.#members.includes(member), 'only a member leaves');
    this.#members = this.#members.filter((other) => other !== member);
    if (!this.#needed.includes(member)) return;
    const { what, walk, exit } = this.#options;
    exit(`use after free: a ${what} leaves while its list is walked (${MACROS[walk]})`);
  }

  /** Tells the members from the head on; stops at the first answer that is not 0, and returns it. */
  walk(tell: (member: Member) => Status): Status {
    const isSafe = this.#options.walk === 'foreach-safe';
    let list = this.#members;
    for (let at = 0; at < list.length; ) {
      const member = list[at]!;
      const next = list[at + 1];
      const status = this.#needing(isSafe ? next : member, () => tell(member));
      if (status !== 0) return status;
      at += 1;
      if (this.#members === list) continue;
      list = this.#members;
      at = isSafe ? placeOf(list, next) : placeOf(list, member) + 1;
      if (at === NOWHERE || (!isSafe && at === 0)) return 0;
    }
    return 0;
  }

  /** Tells one member outside of a walk, which must not leave meanwhile. */
  standOn(member: Member, tell: () => Status): Status {
    return this.#needing(member, tell);
  }

  #needing(needed: Member | undefined, tell: () => Status): Status {
    this.#needed.push(needed);
    try {
      return tell();
    } finally {
      this.#needed.pop();
    }
  }
}

const NOWHERE = -1;

const MACROS = { foreach: 'QLIST_FOREACH', 'foreach-safe': 'QLIST_FOREACH_SAFE' } as const;

/** Where the walk goes on; NOWHERE when the member is gone, or there is none. */
function placeOf<Member>(list: readonly Member[], member: Member | undefined): number {
  return member === undefined ? NOWHERE : list.indexOf(member);
}
