// SPDX-License-Identifier: MIT
/**
 * QEMU's two notifier lists. Both insert at the head, so the newest notifier is called first; a notifier may remove
 * itself while it is called. Neither knows priorities, replay or undo.
 *
 * The plain list ignores answers. The list with return stops at the first non-zero answer and returns it; notifiers
 * called before it are not told.
 * Source: QEMU 10.2.2 util/notify.c.
 */
import { assert, type Status } from '@sda-lab/guest-memory';

export interface NotifierList<Event, Answer> {
  add(notifier: (event: Event) => Answer): void;
  remove(notifier: (event: Event) => Answer): void;
  notify(event: Event): Answer;
}

/** NotifierList: everybody is called, nobody is heard. */
export function createNotifierList<Event>(): NotifierList<Event, void> {
  return createList<Event, void>((notifiers, event) => {
    for (const notifier of notifiers) notifier(event);
  });
}

/** NotifierWithReturnList: the first non-zero answer ends the walk and is the result. */
export function createNotifierWithReturnList<Event>(): NotifierList<Event, Status> {
  return createList<Event, Status>((notifiers, event) => {
    for (const notifier of notifiers) {
      const status = notifier(event);
      if (status !== 0) return status;
    }
    return 0;
  });
}

function createList<Event, Answer>(
  walk: (notifiers: readonly ((event: Event) => Answer)[], event: Event) => Answer,
): NotifierList<Event, Answer> {
  // Replaced, never changed in place: a walk keeps the list it began with.
  let notifiers: readonly ((event: Event) => Answer)[] = [];
  return {
    add: (notifier) => {
      notifiers = [notifier, ...notifiers];
    },
    remove: (notifier) => {
      assert(notifiers.includes(notifier), 'only an added notifier is removed');
      notifiers = notifiers.filter((other) => other !== notifier);
    },
    notify: (event) => walk(notifiers, event),
  };
}
