// SPDX-License-Identifier: MIT
/* QEMU 10.2.2 include/qemu/queue.h: what QLIST_FOREACH and its safe form do while the list changes under them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AssertionFailure, WalkedList, type WalkedListOptions } from '../src/index.ts';

type Walk = WalkedListOptions['walk'];

/** What a member does while it is told. */
type Act = { readonly kind: 'nothing' } | { readonly kind: 'remove' | 'insert-behind'; readonly id: number } | { readonly kind: 'insert' };

interface Scene {
  readonly walk: Walk;
  readonly count: number;
  /** By turn: what happens while the member of that turn is told. */
  readonly acts: readonly Act[];
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  walk: fc.constantFrom('foreach', 'foreach-safe'),
  count: fc.integer({ min: 0, max: 5 }),
  acts: fc.array(
    fc.oneof(
      fc.constant<Act>({ kind: 'nothing' }),
      fc.constant<Act>({ kind: 'insert' }),
      fc.record({ kind: fc.constantFrom('remove' as const, 'insert-behind' as const), id: fc.nat(6) }),
    ),
    { maxLength: 6 },
  ),
});

/** One node of QEMU's list: the pointer is all there is. */
interface Node {
  readonly id: number;
  next: Node | undefined;
  isFreed: boolean;
}

/** The macros as they are written, over nodes; reading a freed one is told and ends the walk. */
function expected({ walk, count, acts }: Scene): string[] {
  const told: string[] = [];
  let head: Node | undefined;
  for (let id = 0; id < count; id += 1) head = { id, next: head, isFreed: false };
  let fresh = count;
  const find = (id: number): Node | undefined => {
    let node = head;
    while (node !== undefined && node.id !== id) node = node.next;
    return node;
  };
  const perform = (act: Act | undefined): void => {
    if (act?.kind === 'insert') head = { id: fresh++, next: head, isFreed: false };
    const node = act !== undefined && 'id' in act ? find(act.id) : undefined;
    if (node === undefined) return;
    if (act!.kind === 'insert-behind') node.next = { id: fresh++, next: node.next, isFreed: false };
    else {
      node.isFreed = true;
      if (head === node) head = node.next;
      for (let one = head; one !== undefined; one = one.next) if (one.next === node) one.next = node.next;
    }
  };
  let turn = 0;
  for (let node = head; node !== undefined; ) {
    const saved: Node | undefined = node.next;
    told.push(String(node.id));
    perform(acts[turn]);
    turn += 1;
    const needed: Node | undefined = walk === 'foreach' ? node : saved;
    if (needed?.isFreed) return [...told, 'use after free'];
    node = walk === 'foreach' ? node.next : saved;
  }
  return told;
}

function seen({ walk, count, acts }: Scene, create: (exit: () => void) => WalkedList<number>): string[] {
  void walk;
  const told: string[] = [];
  const list = create(() => void told.push('use after free'));
  for (let id = 0; id < count; id += 1) list.insert(id);
  let fresh = count;
  let turn = 0;
  list.walk((id) => {
    told.push(String(id));
    const act = acts[turn];
    turn += 1;
    if (act?.kind === 'insert') list.insert(fresh++);
    if (act === undefined || !('id' in act) || !list.members.includes(act.id)) return 0;
    if (act.kind === 'remove') list.remove(act.id);
    else list.insert(fresh++, act.id);
    return 0;
  });
  return told;
}

const createList = ({ walk }: Scene) => (exit: () => void): WalkedList<number> => new WalkedList({ walk, exit, what: 'listener' });

describe('a list that changes under its walk', () => {
  test('walk/macros: who is told, and when freed memory is read, is as with the macros over nodes', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        expect(seen(scene, createList(scene))).toEqual(expected(scene));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('walk/planted: a list that takes the other macro is caught', () => {
    const other = ({ walk }: Scene) => (exit: () => void): WalkedList<number> =>
      new WalkedList({ walk: walk === 'foreach' ? 'foreach-safe' : 'foreach', exit, what: 'listener' });
    const differs = fc.sample(scenes, { seed: 1, numRuns: 500 }).some((scene) => seen(scene, other(scene)).join() !== expected(scene).join());
    expect(differs).toBe(true);
  });

  test('walk/reason: says what left, and under which macro', () => {
    const reasons: string[] = [];
    const list = new WalkedList<number>({ walk: 'foreach', exit: (reason) => void reasons.push(reason), what: 'RamDiscardListener' });
    list.insert(1);
    expect(list.walk((id) => (list.remove(id), 0))).toBe(0);
    expect(reasons).toEqual(['use after free: a RamDiscardListener leaves while its list is walked (QLIST_FOREACH)']);
  });

  test('walk/stop: the first answer that is not 0 ends it and is its answer', () => {
    const list = new WalkedList<number>({ walk: 'foreach-safe', exit: () => undefined, what: 'notifier' });
    for (const id of [3, 2, 1]) list.insert(id);
    const told: number[] = [];
    expect(list.walk((id) => (told.push(id), id === 2 ? -16 : 0))).toBe(-16);
    expect(told).toEqual([1, 2]);
  });

  test('walk/nested: a walk inside a walk needs its own member, and the outer one still its', () => {
    const reasons: string[] = [];
    const list = new WalkedList<number>({ walk: 'foreach', exit: (reason) => void reasons.push(reason), what: 'listener' });
    for (const id of [2, 1]) list.insert(id);
    list.walk((outer) => (outer === 1 ? list.walk((inner) => (inner === 2 && list.members.includes(1) && list.remove(1), 0)) : 0));
    expect(reasons).toHaveLength(1);
  });

  test('walk/stand-on: a member told outside of a walk may not leave either', () => {
    const reasons: string[] = [];
    const list = new WalkedList<number>({ walk: 'foreach', exit: (reason) => void reasons.push(reason), what: 'listener' });
    list.insert(1);
    list.standOn(1, () => (list.remove(1), 0));
    expect(reasons).toHaveLength(1);
    list.insert(1);
    list.remove(1);
    expect(reasons).toHaveLength(1);
  });

  test('list/strangers: removing what is not in, and a place behind it, are assertions', () => {
    const list = new WalkedList<number>({ walk: 'foreach', exit: () => undefined, what: 'listener' });
    expect(() => list.remove(1)).toThrow(AssertionFailure);
    expect(() => list.insert(1, 2)).toThrow(AssertionFailure);
  });
});
