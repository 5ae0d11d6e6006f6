// SPDX-License-Identifier: MIT
/*
 * The naive notifier list: an array of ids, newest first, walked as QLIST_FOREACH_SAFE does: the one after the one that
 * is called is looked up before the call. `firstDisagreement` drives a list and this model through the same operations
 * and compares who was called, in order, the answer, and whether a walk lost the one it was to go on with.
 * A notifier may act while it is called: take itself off the list, take another off, or put a new one on.
 */
import type { NotifierList } from '@sda-lab/notifier-list';
import fc from 'fast-check';

export type ListOperation =
  | { readonly op: 'add'; readonly answer: number; readonly acts: 'nothing' | 'leaves' | 'removes-oldest' | 'adds' }
  | { readonly op: 'remove'; readonly at: number }
  | { readonly op: 'notify' };

export const listOperations: fc.Arbitrary<ListOperation[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('add' as const),
        answer: fc.constantFrom(0, 0, 0, -12, -16),
        acts: fc.constantFrom('nothing' as const, 'nothing' as const, 'leaves' as const, 'removes-oldest' as const, 'adds' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('remove' as const), at: fc.nat(9) }) },
    { weight: 4, arbitrary: fc.constant({ op: 'notify' as const }) },
  ),
  { maxLength: 20, size: 'max' },
);

interface Member {
  readonly id: number;
  readonly answer: number;
  readonly acts: Extract<ListOperation, { op: 'add' }>['acts'];
  readonly notifier: (event: number) => number;
}

/** Either list: the plain one answers undefined. */
type AnyList = NotifierList<number, number> | NotifierList<number, void>;

type CreateList = (exit: () => void) => AnyList;

export function firstDisagreement(create: CreateList, stopsAtRefusal: boolean, operations: readonly ListOperation[]): string | undefined {
  const bench = new Bench(create, stopsAtRefusal);
  for (const [index, operation] of operations.entries()) {
    const wrong = bench.apply(operation);
    if (wrong !== undefined) return `operation ${index}, ${operation.op}: ${wrong}`;
  }
  return undefined;
}

class Bench {
  readonly #list: AnyList;
  readonly #stopsAtRefusal: boolean;
  #members: Member[] = [];
  #nextId = 1;
  #called: string[] = [];

  constructor(create: CreateList, stopsAtRefusal: boolean) {
    this.#list = create(() => void this.#called.push('use after free'));
    this.#stopsAtRefusal = stopsAtRefusal;
  }

  apply(operation: ListOperation): string | undefined {
    if (operation.op === 'add') this.#add(operation.answer, operation.acts);
    else if (operation.op === 'remove') this.#remove(this.#members[operation.at % Math.max(1, this.#members.length)]);
    else return this.#notify();
    return undefined;
  }

  #add(answer: number, acts: Member['acts']): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const member: Member = {
      id,
      answer,
      acts,
      notifier: (event) => {
        this.#called.push(`${id} hears ${event}`);
        this.#act(member);
        return answer;
      },
    };
    this.#members.push(member);
    this.#list.add(member.notifier);
  }

  #remove(member: Member | undefined): void {
    if (member === undefined || !this.#members.includes(member)) return;
    this.#members = this.#members.filter((other) => other !== member);
    this.#list.remove(member.notifier);
  }

  #act(member: Member): void {
    if (member.acts === 'leaves') this.#remove(member);
    if (member.acts === 'removes-oldest') this.#remove(this.#members[0]);
    if (member.acts === 'adds' && this.#members.length < 8) this.#add(0, 'nothing');
  }

  #notify(): string | undefined {
    const expected = expectedWalk(this.#members, this.#nextId, this.#stopsAtRefusal);
    this.#called = [];
    const answer = this.#list.notify(7);
    if (this.#called.join() !== expected.called.join()) return `called '${this.#called.join()}' instead of '${expected.called.join()}'`;
    const owed = this.#stopsAtRefusal ? expected.status : undefined;
    return answer === owed ? undefined : `answers ${String(answer)} instead of ${String(owed)}`;
  }
}

/** Who hears of an event, and what comes of it; on a copy. */
function expectedWalk(members: readonly Member[], nextId: number, stopsAtRefusal: boolean): { called: string[]; status: number } {
  const called: string[] = [];
  const ids = members.map(({ id }) => id).toReversed();
  let fresh = nextId;
  for (let id = ids[0]; id !== undefined; ) {
    const member = members.find((one) => one.id === id)!;
    const next = ids[ids.indexOf(id) + 1];
    called.push(`${id} hears 7`);
    const removed = member.acts === 'leaves' ? id : member.acts === 'removes-oldest' ? ids.at(-1) : undefined;
    if (removed !== undefined && ids.includes(removed)) {
      ids.splice(ids.indexOf(removed), 1);
      if (removed === next) called.push('use after free');
    }
    if (member.acts === 'adds' && ids.length < 8) ids.unshift(fresh++);
    if (stopsAtRefusal && member.answer !== 0) return { called, status: member.answer };
    if (next !== undefined && !ids.includes(next)) break;
    id = next;
  }
  return { called, status: 0 };
}
