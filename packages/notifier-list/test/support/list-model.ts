// SPDX-License-Identifier: MIT
/*
 * The naive notifier list: an array that is walked backwards from a copy. `firstDisagreement` drives a list and this
 * model through the same operations and compares who was called, in order, and the answer.
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

export function firstDisagreement(create: () => AnyList, stopsAtRefusal: boolean, operations: readonly ListOperation[]): string | undefined {
  const bench = new Bench(create(), stopsAtRefusal);
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

  constructor(list: AnyList, stopsAtRefusal: boolean) {
    this.#list = list;
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
    const expected: string[] = [];
    let status = 0;
    for (const { id, answer } of this.#members.toReversed()) {
      expected.push(`${id} hears 7`);
      status = answer;
      if (status !== 0 && this.#stopsAtRefusal) break;
    }
    this.#called = [];
    const answer = this.#list.notify(7);
    if (this.#called.join() !== expected.join()) return `called '${this.#called.join()}' instead of '${expected.join()}'`;
    const owed = this.#stopsAtRefusal ? status : undefined;
    return answer === owed ? undefined : `answers ${String(answer)} instead of ${String(owed)}`;
  }
}
