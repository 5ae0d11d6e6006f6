// SPDX-License-Identifier: MIT
/**
 * Words of an ordered list whose possible members are known: a word per member, its place in the list counted from 1, or
 * 0 while it is not in. For lists whose order shows, as the lists of listeners whose order says who is told first.
 *
 * Places take the low PLACE_BITS; what its owner puts above them after a `store`, a `load` does not look at.
 * Not covered: who is in the list twice, or is no member. `isWhole` says so.
 */
import { assert } from '../assert.ts';
import type { Words } from '../ports/words.ts';

/** Bits of a place. */
export const PLACE_BITS = 8;

const PLACE_MASK = 2 ** PLACE_BITS - 1;

/** A list as its owner keeps it. */
export interface OrderedList<Member> {
  read(): readonly Member[];
  /** Replaces it, and tells nobody. */
  write(list: readonly Member[]): void;
  isSame(one: Member, other: Member): boolean;
}

export class PlaceWords<Member> implements Words {
  readonly count: number;
  isWhole: boolean = true;
  readonly #list: OrderedList<Member>;
  readonly #members: readonly Member[];

  constructor(list: OrderedList<Member>, members: readonly Member[]) {
    assert(members.length <= PLACE_MASK, 'a place among the members fits its bits');
    this.#list = list;
    this.#members = members;
    this.count = members.length;
  }

  store(words: Int32Array, at: number): void {
    const list = this.#list.read();
    let found = 0;
    for (let member = 0; member < this.#members.length; member += 1) {
      const place = this.#placeIn(list, this.#members[member]!);
      words[at + member] = place;
      if (place > 0) found += 1;
    }
    this.isWhole = found === list.length;
  }

  load(words: Int32Array, at: number): void {
    const list = this.#list.read();
    let count = 0;
    let isSame = true;
    for (let member = 0; member < this.#members.length; member += 1) {
      const place = words[at + member]! & PLACE_MASK;
      if (place === 0) continue;
      count += 1;
      if (place > list.length || !this.#list.isSame(list[place - 1]!, this.#members[member]!)) isSame = false;
    }
    // Most loads change no list.
    if (!isSame || count !== list.length) this.#replace(words, at);
  }

  #placeIn(list: readonly Member[], member: Member): number {
    for (let index = 0; index < list.length; index += 1) if (this.#list.isSame(list[index]!, member)) return index + 1;
    return 0;
  }

  #replace(words: Int32Array, at: number): void {
    const list: Member[] = [];
    for (const [index, member] of this.#members.entries()) {
      const place = words[at + index]! & PLACE_MASK;
      if (place > 0) list[place - 1] = member;
    }
    this.#list.write(list);
  }
}
