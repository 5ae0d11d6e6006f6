// SPDX-License-Identifier: MIT
/* QEMU 10.2.2 util/notify.c: both lists insert at the head and survive a removal while they are walked. */
import { AssertionFailure } from '@sda-lab/guest-memory';
import { createNotifierList, createNotifierWithReturnList, type NotifierList } from '@sda-lab/notifier-list';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDisagreement, listOperations } from './support/list-model.ts';

const LISTS = [
  { name: 'the plain list', create: createNotifierList<number>, stops: false },
  { name: 'the list with return', create: createNotifierWithReturnList<number>, stops: true },
];

describe.each(LISTS)('$name', ({ create, stops }) => {
  /** A list of three notifiers, the second of which answers `answer`. */
  const createThree = (answer: number): { list: ReturnType<typeof create>; called: string[] } => {
    const list = create() as NotifierList<number, number>;
    const called: string[] = [];
    for (const [name, status] of [['first', 0], ['second', answer], ['third', 0]] as const) {
      list.add((event) => (called.push(`${name} ${event}`), status));
    }
    return { list, called };
  };

  test('notifier/naive-model: calls and answers are those of a naive array', () => {
    fc.assert(
      fc.property(listOperations, (operations) => {
        expect(firstDisagreement(create, stops, operations)).toBeUndefined();
      }),
    );
  });

  test('notifier/head-insertion: the newest is called first', () => {
    const { list, called } = createThree(0);
    list.notify(1);
    expect(called).toEqual(['third 1', 'second 1', 'first 1']);
  });

  test('notifier/behind: one that is added behind another is called right after it', () => {
    const list = create() as NotifierList<number, number>;
    const called: string[] = [];
    const [first, second, third] = ['first', 'second', 'third'].map((name) => () => (called.push(name), 0)) as [() => number, () => number, () => number];
    list.add(first);
    list.add(third, first);
    list.add(second, first);
    list.notify(1);
    expect(called).toEqual(['first', 'second', 'third']);
    list.remove(first);
    expect(() => list.add(first, first)).toThrow(AssertionFailure);
  });

  test('notifier/empty: nobody to call is no refusal', () => {
    expect(create().notify(1)).toBe(stops ? 0 : undefined);
  });

  test('notifier/refusal: a non-zero answer ends the walk of the list with return only', () => {
    const { list, called } = createThree(-16);
    expect(list.notify(1)).toBe(stops ? -16 : undefined);
    expect(called).toEqual(stops ? ['third 1', 'second 1'] : ['third 1', 'second 1', 'first 1']);
  });

  test('notifier/leaves: one that removes itself while called is called once, the others all the same', () => {
    const list = create() as NotifierList<number, number>;
    const called: string[] = [];
    const leaves = (event: number): number => {
      called.push(`leaves ${event}`);
      list.remove(leaves);
      return 0;
    };
    list.add((event) => (called.push(`older ${event}`), 0));
    list.add(leaves);
    list.add((event) => (called.push(`newer ${event}`), 0));
    list.notify(1);
    list.notify(2);
    expect(called).toEqual(['newer 1', 'leaves 1', 'older 1', 'newer 2', 'older 2']);
  });

  test('notifier/added-during-walk: one that is added while the list is walked is called from the next walk on', () => {
    const list = create() as NotifierList<number, number>;
    const called: number[] = [];
    const late = (event: number): number => (called.push(event), 0);
    const adds = (): number => {
      list.remove(adds);
      list.add(late);
      return 0;
    };
    list.add(adds);
    list.notify(1);
    list.notify(2);
    expect(called).toEqual([2]);
  });

  test('notifier/stranger: removing what was not added is an assertion', () => {
    const list = create();
    const notifier = (): number => 0;
    expect(() => list.remove(notifier)).toThrow(AssertionFailure);
    list.add(notifier);
    list.remove(notifier);
    expect(() => list.remove(notifier)).toThrow(AssertionFailure);
  });
});

type Notifier = (event: number) => number;

/** A list with a walk of its own over an array that is changed in place. */
function createWrong(insert: 'head' | 'tail', walk: (notifiers: readonly Notifier[], event: number) => number): NotifierList<number, number> {
  const notifiers: Notifier[] = [];
  return {
    add: (notifier) => void (insert === 'head' ? notifiers.unshift(notifier) : notifiers.push(notifier)),
    remove: (notifier) => void notifiers.splice(notifiers.indexOf(notifier), 1),
    notify: (event) => walk(notifiers, event),
  };
}

/** Stops at the first refusal, as it is owed. */
function stopping(notifiers: readonly Notifier[], event: number): number {
  for (const notifier of notifiers) {
    const status = notifier(event);
    if (status !== 0) return status;
  }
  return 0;
}

const WRONG: Record<string, () => NotifierList<number, number>> = {
  'inserts at the tail': () => createWrong('tail', (notifiers, event) => stopping([...notifiers], event)),
  'walks the list it changes': () => createWrong('head', stopping),
  'goes on after a refusal': () =>
    createWrong('head', (notifiers, event) => notifiers.map((notifier) => notifier(event)).find((status) => status !== 0) ?? 0),
  'forgets the answer': () => createWrong('head', (notifiers, event) => (stopping([...notifiers], event), 0)),
};

describe('a planted fault is caught by the naive array', () => {
  test.each(Object.keys(WRONG))('notifier/planted: a list that %s', (name) => {
    const property = fc.property(listOperations, (operations) => firstDisagreement(WRONG[name]!, true, operations) === undefined);
    const found = fc.check(property, { numRuns: 500, seed: 1 });
    expect(found.failed).toBe(true);
    expect(firstDisagreement(WRONG[name]!, true, found.counterexample![0])).toMatch(/notify: (called|answers)/);
    expect(firstDisagreement(createNotifierWithReturnList<number>, true, found.counterexample![0])).toBeUndefined();
  });
});
