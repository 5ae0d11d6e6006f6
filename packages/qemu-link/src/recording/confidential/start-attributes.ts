// SPDX-License-Identifier: MIT
/**
 * Attributes of the slots a confidential guest starts with: QEMU sets each new slot that has a guest_memfd to private,
 * the whole of it, once.
 *
 * Lifecycle: `slot` and `take` per line while the guest starts -> `missing` when it runs.
 * Source: QEMU 10.2.2 accel/kvm/kvm-all.c; observed on 11.1.3. Not covered: a recording without any of them; its recorder
 * began to look later.
 */
import { attributesText, type RecordedEffect } from '../effect.ts';
import type { RecordedLine } from '../recorded-line.ts';

interface Due {
  readonly line: number;
  readonly text: string;
  /** Of an address space that devices never see; whether its attributes are set again matters to nobody. */
  readonly isOptional: boolean;
}

export class StartAttributes {
  /** By address space and number of the slot. */
  readonly #shown = new Map<string, string>();
  readonly #due = new Map<string, Due>();
  #isRecorded = false;

  slot(line: RecordedLine): void {
    const key = `${line.countOr('as', 0)} ${line.count('slot')}`;
    const size = line.address('size');
    if (size === 0n || line.count('gmem') < 0) {
      this.#shown.delete(key);
      this.#due.delete(key);
      return;
    }
    const text = attributesText(line.address('gpa'), size, 'private');
    // A slot whose flags change keeps its attributes.
    if (this.#shown.get(key) === text) return;
    this.#shown.set(key, text);
    this.#due.set(key, { line: line.number, text, isOptional: line.countOr('as', 0) !== 0 });
  }

  /** Whether a slot waits for exactly this. */
  take({ text }: RecordedEffect): boolean {
    this.#isRecorded = true;
    const waiting = [...this.#due].filter(([, due]) => due.text === text);
    const [key] = waiting.find(([, { isOptional }]) => !isOptional) ?? waiting[0] ?? [];
    return key !== undefined && this.#due.delete(key);
  }

  /** Slots that are still without theirs, where others have them. */
  get missing(): readonly Due[] {
    return this.#isRecorded ? [...this.#due.values()].filter(({ isOptional }) => !isOptional) : [];
  }
}
