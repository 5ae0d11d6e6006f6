// SPDX-License-Identifier: MIT
/**
 * The lists of design 1, and who is on them. Followers are told in an order that does not depend on who came when
 * (`tellOrder`): on every list, and by each block's stock manager.
 */
import { type RamBlock, type Side, type Status, tellOrder } from '@sda-lab/guest-memory';
import type { ChangeEvent, Follower } from './follower.ts';
import { createNotifierList, createNotifierWithReturnList, type NotifierList } from './notifier.ts';

type SideLists = Pick<ConversionNotifier, 'converting' | 'aborted'>;

export class ConversionNotifier {
  readonly converting: NotifierList<ChangeEvent, Status>;
  readonly unplugging: NotifierList<ChangeEvent, Status>;
  readonly aborted: NotifierList<ChangeEvent, void>;
  /** For those who want private pages: told of a conversion at the other moment, before a sharing, after its opposite. */
  readonly otherSide: SideLists;
  #followers: readonly Follower[] = [];

  /** `exit`: a follower left while somebody told it of a change; only without `lock`. */
  constructor(exit: (reason: string) => void) {
    this.converting = createNotifierWithReturnList(exit);
    this.unplugging = createNotifierWithReturnList(exit);
    this.aborted = createNotifierList(exit);
    this.otherSide = { converting: createNotifierWithReturnList(exit), aborted: createNotifierList(exit) };
  }

  /** Those on the lists, in the order in which they are told. Replaced, never changed in place. */
  followers(): readonly Follower[] {
    return this.#followers;
  }

  followersOf(block: RamBlock): readonly Follower[] {
    return this.#followers.filter((follower) => follower.tracker.section.block === block);
  }

  /** Behind those told before it, on each list. */
  join(follower: Follower): void {
    const { side, section } = follower.tracker;
    const later = this.#followers.findIndex(({ tracker }) => tellOrder(follower.tracker, tracker) < 0);
    const at = later === -1 ? this.#followers.length : later;
    const before = this.#followers.slice(0, at);
    const ofSide = before.findLast(({ tracker }) => tracker.side === side);
    const ofBlock = before.findLast(({ tracker }) => tracker.section.block === section.block);
    const { converting, aborted } = this.#listsOf(side);
    converting.add(follower.onChange, ofSide?.onChange);
    this.unplugging.add(follower.onChange, before.at(-1)?.onChange);
    aborted.add(follower.onAborted, ofSide?.onAborted);
    follower.come(ofBlock);
    this.#followers = [...before, follower, ...this.#followers.slice(at)];
  }

  part(follower: Follower): void {
    const { converting, aborted } = this.#listsOf(follower.tracker.side);
    converting.remove(follower.onChange);
    this.unplugging.remove(follower.onChange);
    aborted.remove(follower.onAborted);
    follower.go();
    this.#followers = this.#followers.filter((other) => other !== follower);
  }

  #listsOf(side: Side): SideLists {
    return side === 'shared' ? this : this.otherSide;
  }
}
