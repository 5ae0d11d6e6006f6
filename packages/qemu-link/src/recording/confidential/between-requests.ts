// SPDX-License-Identifier: MIT
/**
 * What a confidential guest's recording shows between its requests, held until the next one begins: devices that go,
 * address spaces that change behind a vIOMMU, the balloon. What none of these explains is a difference.
 *
 * Lifecycle: `effect` and `note` as lines come -> `resolve` before each request and at the end.
 * Not covered: the mappings a vIOMMU's guest asks for; they are left out by kind.
 */
import type { RecordedEffect } from '../effect.ts';
import type { Ledger } from '../ledger.ts';
import type { Machine } from '../machine.ts';
import type { ConfidentialGuest } from './confidential-guest.ts';
import { keepManaged, playRequest, type ReplayContext } from './replay-context.ts';
import type { AddressRange } from './trace-text.ts';

const PAGE = 4096n;

export type Note =
  | { readonly kind: 'balloon' }
  /** A device is taken away: its sections are unmapped. */
  | { readonly kind: 'goes'; readonly name: string }
  /** IOMMU regions take the place of guest memory in a device's address space, or give it back. */
  | { readonly kind: 'iommu-on' }
  | { readonly kind: 'iommu-off' }
  | ({ readonly kind: 'region-gone' } & AddressRange)
  | ({ readonly kind: 'slot' } & AddressRange);

export class BetweenRequests {
  /** Containers whose device is behind a vIOMMU: no section is theirs. */
  readonly behindIommu: Set<string> = new Set();
  readonly #context: ReplayContext;
  readonly #machine: Machine;
  readonly #ledger: Ledger;
  #effects: RecordedEffect[] = [];
  #notes: Note[] = [];

  constructor(guest: ConfidentialGuest, ledger: Ledger) {
    this.#context = { guest, ledger, between: this };
    this.#machine = guest.machine;
    this.#ledger = ledger;
  }

  effect(effect: RecordedEffect): void {
    this.#effects.push(effect);
  }

  note(note: Note): void {
    this.#notes.push(note);
  }

  /**
   * Effects at the end that belong to a request whose traced beginning came after them: the two clocks agree within
   * microseconds only.
   */
  takeLate(sinceUs: number, belongs: (effect: RecordedEffect) => boolean): RecordedEffect[] {
    const at = this.#effects.findLastIndex((effect) => effect.us < sinceUs || !belongs(effect));
    return this.#effects.splice(at + 1);
  }

  resolve(endLine: number): void {
    const [effects, notes] = [this.#effects, this.#notes];
    this.#effects = [];
    this.#notes = [];
    const unexplained: RecordedEffect[] = [];
    const byContainer = new Map<string, RecordedEffect[]>();
    for (const note of notes) {
      if (note.kind === 'goes') byContainer.set(note.name, []);
    }
    for (const effect of effects) {
      const own = byContainer.get(effect.actor);
      if (own !== undefined) own.push(effect);
      else if (this.#machine.containers.has(effect.actor)) byContainer.set(effect.actor, [effect]);
      else if (!this.#explain(effect, notes)) unexplained.push(effect);
    }
    for (const [name, own] of byContainer) unexplained.push(...this.#container(name, own, notes, endLine));
    const [first] = unexplained.toSorted((a, b) => a.line - b.line);
    if (first === undefined) return;
    const expected = `${first.actor} ${first.text}`;
    this.#ledger.mismatch({ line: first.line, request: 'between requests', expected, got: 'nothing' });
  }

  #explain(effect: RecordedEffect, notes: readonly Note[]): boolean {
    const isSlot = notes.some((note) => note.kind === 'slot' && note.first === effect.first && note.end === effect.end);
    if (effect.kind === 'attributes' && isSlot) this.#ledger.leaveOut('slot');
    else if (effect.kind !== 'attributes' && notes.some(({ kind }) => kind === 'balloon')) {
      this.#ledger.leaveOut('balloon');
    } else return false;
    return true;
  }

  /** Returns what it cannot explain. */
  #container(name: string, effects: RecordedEffect[], notes: readonly Note[], endLine: number): RecordedEffect[] {
    if (this.behindIommu.has(name)) {
      this.#comeBack(name, effects, notes, endLine);
      return [];
    }
    if (notes.some(({ kind }) => kind === 'iommu-on')) {
      this.#goBehind(name, effects, endLine);
      return [];
    }
    const onlyUnmaps = effects.every(({ kind }) => kind === 'unmap');
    const isTold = notes.some((note) => note.kind === 'goes' && note.name === name);
    const isLeaving = isTold || (onlyUnmaps && effects.some((effect) => this.#isSection(name, effect)));
    if (!isLeaving) return effects;
    this.#play(`${name} goes`, 'device_del', effects, endLine, () => this.#machine.containers.detach(name));
    return [];
  }

  /** Guest memory leaves the device's address space; what follows is the vIOMMU's. */
  #goBehind(name: string, effects: readonly RecordedEffect[], endLine: number): void {
    let left = this.#machine.containers.sectionsOf(name).length;
    const end = effects.findIndex((effect) => {
      if (left === 0 || effect.kind !== 'unmap') return true;
      if (this.#isSection(name, effect)) left -= 1;
      return false;
    });
    const [sections, rest] = end === -1 ? [effects, []] : [effects.slice(0, end), effects.slice(end)];
    this.#play(`${name} goes behind a vIOMMU`, undefined, sections, endLine, () => this.#machine.containers.unfollow(name));
    this.#ledger.leaveOut('vIOMMU', rest.length);
    this.behindIommu.add(name);
  }

  /** The IOMMU regions are unmapped, then guest memory is shown again. */
  #comeBack(name: string, effects: readonly RecordedEffect[], notes: readonly Note[], endLine: number): void {
    const gone = notes.filter((note) => note.kind === 'region-gone');
    const isGone = ({ kind, first, end }: RecordedEffect): boolean =>
      kind === 'unmap' && gone.some((range) => range.first === first && range.end === end);
    const last = notes.some(({ kind }) => kind === 'iommu-off') ? effects.findLastIndex(isGone) : -1;
    this.#ledger.leaveOut('vIOMMU', last === -1 ? effects.length : last + 1);
    if (last === -1) return;
    this.behindIommu.delete(name);
    const work = (): void => this.#machine.containers.follow(name, this.#machine.managedSections);
    this.#play(`${name} comes back from behind a vIOMMU`, undefined, effects.slice(last + 1), endLine, work);
  }

  #play(
    request: string,
    kind: string | undefined,
    effects: readonly RecordedEffect[],
    endLine: number,
    work: () => void,
  ): void {
    playRequest(this.#context, { request, kind, items: keepManaged(this.#context, effects), endLine, work });
  }

  #isSection(name: string, { first, end }: RecordedEffect): boolean {
    return this.#machine.containers.sectionsOf(name).some(({ firstGfn, pageCount }) => {
      return BigInt(firstGfn) * PAGE === first && BigInt(firstGfn + pageCount) * PAGE === end;
    });
  }
}
