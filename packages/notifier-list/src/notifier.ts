// SPDX-License-Identifier: MIT
/**
 * QEMU's two notifier lists. Both insert at the head, so the newest notifier is called first; a notifier may remove
 * itself while it is called, but not the one after it (walked-list.ts of guest-memory). Neither knows priorities, replay or undo.
 *
 * The plain list ignores answers. The list with return stops at the first non-zero answer and returns it; notifiers
 * called before it are not told.
 * Source: QEMU 10.2.2 util/notify.c. Not from there: a place behind another notifier (QLIST_INSERT_AFTER, which
 * include/qemu/queue.h has and the notifier lists do not offer), for an order that does not depend on who came when.
 */
import { assert, type Status, WalkedList } from '@sda-lab/guest-memory';

export interface NotifierList<Event, Answer> {
  /** At the head, or right behind one that is in. */
  add(notifier: (event: Event) => Answer, after?: (event: Event) => Answer): void;
  remove(notifier: (event: Event) => Answer): void;
  notify(event: Event): Answer;
}

/** Called when a notifier leaves that a walk needs: the VMM reads freed memory. */
type Exit = (reason: string) => void;

/** NotifierList: everybody is called, nobody is heard. */
export function createNotifierList<Event>(exit?: Exit): NotifierList<Event, void> {
  const list = createList<Event, void>(exit);
  return {
    ...list,
    notify: (event) => {
      list.members.walk((notifier) => {
        notifier(event);
        return 0;
      });
    },
  };
}

/** NotifierWithReturnList: the first non-zero answer ends the walk and is the result. */
export function createNotifierWithReturnList<Event>(exit?: Exit): NotifierList<Event, Status> {
  const list = createList<Event, Status>(exit);
  return { ...list, notify: (event) => list.members.walk((notifier) => notifier(event)) };
}

type Notifier<Event, Answer> = (event: Event) => Answer;

interface List<Event, Answer> extends Pick<NotifierList<Event, Answer>, 'add' | 'remove'> {
  readonly members: WalkedList<Notifier<Event, Answer>>;
}

function createList<Event, Answer>(exit: Exit = assertNot): List<Event, Answer> {
  const members = new WalkedList<Notifier<Event, Answer>>({ walk: 'foreach-safe', exit, what: 'notifier' });
  return {
    members,
    add: (notifier, after) => members.insert(notifier, after),
    remove: (notifier) => members.remove(notifier),
  };
}

function assertNot(reason: string): void {
  assert(false, reason);
}
