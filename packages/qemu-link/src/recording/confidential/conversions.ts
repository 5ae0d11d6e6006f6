// SPDX-License-Identifier: MIT
/**
 * Conversions under way: one per vCPU, from its exit to its re-entry. One that stops the VM has no re-entry.
 * Source: order and ends as recorded on QEMU 11.1.3; it answers a guest with 0 or stops it.
 */
import type { RecordedEffect } from '../effect.ts';
import type { RecordedLine } from '../recorded-line.ts';
import type { LostServer, TapeItem } from '../tape.ts';
import type { RecordedConversion } from './confidential-guest.ts';
import { conversionOf, exitText, isReentry } from './exit.ts';
import { playRequest, type ReplayContext } from './replay-context.ts';

interface Conversion {
  readonly exit: RecordedLine;
  readonly asked: RecordedConversion;
  readonly items: TapeItem[];
  /** Devices that came while it was under way. */
  readonly racing: Set<string>;
}

export class Conversions {
  readonly #context: ReplayContext;
  #open: Conversion[] = [];

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  get openCount(): number {
    return this.#open.length;
  }

  enter(exit: RecordedLine, racing: readonly string[]): void {
    this.#open.push({ exit, asked: conversionOf(exit), items: [], racing: new Set(racing) });
  }

  /** A device comes while they are under way. */
  raceWith(name: string): void {
    for (const { racing } of this.#open) racing.add(name);
  }

  /** The one a vCPU's thread works on. */
  onThread(thread: number): { readonly items: TapeItem[] } | undefined {
    return this.#open.find(({ exit }) => exit.has('tid') && exit.count('tid') === thread);
  }

  /** The one that a device's message belongs to: messages do not name their thread. */
  around({ first }: RecordedEffect): { readonly items: TapeItem[] } | undefined {
    const inside = this.#open.find(({ asked }) => asked.start <= first && first < asked.start + asked.size);
    return inside ?? this.#open[0];
  }

  lose(server: LostServer): void {
    for (const { items } of this.#open) items.push(server);
  }

  reenter(line: RecordedLine): void {
    const conversion = this.#open.find(({ exit }) => isReentry(exit, line));
    if (conversion !== undefined) this.#settle(conversion, `ret ${line.count('ret')}`, line);
  }

  /** QEMU stopped the VM: the vCPU whose request did it never enters again. */
  stop(line: RecordedLine, later: readonly RecordedLine[]): void {
    for (const conversion of this.#open) {
      if (!later.some((one) => isReentry(conversion.exit, one))) this.#settle(conversion, 'stop', line);
    }
  }

  /** The recording ends in the middle. */
  giveUp(): void {
    this.#context.ledger.leaveOut('unfinished request', this.#open.length);
    this.#open = [];
  }

  #settle(conversion: Conversion, recorded: string, end: RecordedLine): void {
    const { exit, asked, items, racing } = conversion;
    const { guest, ledger } = this.#context;
    this.#open = this.#open.filter((other) => other !== conversion);
    const own = items.filter(({ actor }) => !racing.has(actor));
    ledger.leaveOut('race', items.length - own.length);
    for (const name of racing) guest.machine.containers.muted.add(name);
    playRequest(this.#context, {
      request: exitText(exit),
      kind: 'conversion',
      items: own,
      endLine: end.number,
      endUs: end.us,
      failed: recorded === 'stop',
      // Whether a device that came refused a page it had already is the race's outcome, not the model's.
      ...(racing.size > 0 ? {} : { recorded }),
      work: () => guest.convert(asked),
      answer: (status) => (status === 0 ? 'ret 0' : 'stop'),
    });
    for (const name of racing) guest.machine.containers.muted.delete(name);
  }
}
