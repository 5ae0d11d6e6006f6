// SPDX-License-Identifier: MIT
/**
 * Live migration, by value: what the destination has been sent of each page, and which pages are to be sent again.
 *
 * "Discarded" means to it: the content is undefined, never read, never sent. So a page that a design does not show in
 * `runs(block, 'migrate')` is lost, one shown as shared is read from its shared side as plain RAM, and one shown as
 * private goes through the TEE's export. It expects the answer to hold while it runs: virtio-mem is BUSY, devices
 * neither come nor go, but conversions go on, and each pass asks again.
 *
 * Lifecycle: `start` (every bit of the dirty bitmap set, minus what is not shown; one pass) -> the guest's writes and
 * conversions are noted here, the devices' in their containers -> `finish` (dirty-sync.ts, then one last pass over what
 * is dirty) -> the stream stays until the next start, for `migrate(load)`.
 *
 * Source: QEMU 10.2.2 migration/ram.c (ram_list_init_bitmaps, ramblock_dirty_bitmap_clear_discarded_pages), KVM's dirty
 * log as the guest's writes themselves. That a conversion makes its pages dirty is derived: nobody has built it.
 * Not covered: several passes, postcopy, background snapshots, a guest that runs while its pages are read.
 */
import type { Machine } from '../machine.ts';
import { copyOf, type PageCopy } from './page-copy.ts';
import { forEachShown } from './shown-runs.ts';

export class LiveMigration {
  /** What has been sent last of each page, by position. */
  readonly copies = new Map<number, PageCopy>();
  /** Pages the guest gave away: nobody is owed what they held. */
  readonly givenAway = new Set<number>();
  /** By container: pages its device has written to since the last sync, as the device names them. */
  readonly deviceWrites = new Map<string, Set<number>>();
  isRunning = false;
  /** Pages to be sent again. */
  readonly dirty = new Set<number>();

  /** Answers how many pages were sent. */
  start(machine: Machine): number {
    this.isRunning = true;
    for (const state of [this.copies, this.givenAway, this.deviceWrites, this.dirty]) state.clear();
    let sent = 0;
    for (const span of machine.guestSpans) {
      sent += this.#send(machine, span.firstPosition, span.endPosition);
    }
    return sent;
  }

  /** The last pass, after the last sync; answers how many pages were sent again. */
  finish(machine: Machine): number {
    let sent = 0;
    for (const position of [...this.dirty].toSorted((a, b) => a - b)) {
      sent += this.#send(machine, position, position + 1);
    }
    this.isRunning = false;
    return sent;
  }

  /** The guest wrote, or a device's write was asked for: the page has to be sent again. */
  noteWritten(position: number): void {
    if (!this.isRunning) return;
    this.dirty.add(position);
    this.givenAway.delete(position);
  }

  /** Pages changed sides: what was sent of them is of the other one. */
  noteChanged(first: number, end: number): void {
    if (this.isRunning) for (let position = first; position < end; position += 1) this.noteWritten(position);
  }

  noteGivenAway(first: number, end: number): void {
    if (this.isRunning) for (let position = first; position < end; position += 1) this.givenAway.add(position);
  }

  noteDeviceWrite(container: string, page: number): void {
    if (!this.isRunning) return;
    const pages = this.deviceWrites.get(container) ?? new Set();
    this.deviceWrites.set(container, pages.add(page));
  }

  #send(machine: Machine, first: number, end: number): number {
    let sent = 0;
    forEachShown(machine.instance, machine.layout.spanAt(first), 'migrate', { first, end }, ({ span, first: from, end: to, side }) => {
      for (let position = from; position < to; position += 1) {
        this.copies.set(position, copyOf(machine.memory, span, position, side));
        sent += 1;
      }
      return 0;
    });
    return sent;
  }
}
