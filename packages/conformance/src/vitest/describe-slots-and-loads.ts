// SPDX-License-Identifier: MIT
/**
 * What a plug source tells a design outside of a guest's requests, fact by fact: a memslot that comes again, and a
 * bitmap that was loaded. For designs with the addition `slot-readd` that follow a source's own bitmap.
 *
 * Does not cover: designs that hear of neither (their own tests say what they do instead), and whole worlds with a
 * virtio-mem device, which the named cases run.
 */
import { ERRNO, type Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { SmallGuest } from './small-guest.ts';

export function describeSlotsAndLoads(strategy: Strategy): void {
  describe(`${strategy.id}: a memslot that comes again`, () => {
    describeSlots(strategy);
  });
  describe(`${strategy.id}: a plug source that was loaded`, () => {
    describeLoads(strategy);
  });
}

function describeSlots(strategy: Strategy): void {
  test('slots/readd: what was shared there is private, so a plug maps none of it', () => {
    const guest = new SmallGuest(strategy);
    guest.attach();
    guest.share(0, 6);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    expect(guest.plug(0, 8)).toBe(0);
    expect(guest.mappedPages).toEqual([4, 5]);
    expect(guest.view('migrate')).toEqual(['0-4 private', '4-6 shared', '6-8 private']);
  });

  test('slots/reconvert: shared anew, it is mapped', () => {
    const guest = new SmallGuest(strategy);
    guest.attach();
    guest.share(0, 2);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    guest.plug(0, 4);
    expect(guest.share(1, 3)).toBe(0);
    expect(guest.mappedPages).toEqual([1, 2]);
  });

  test('slots/without: a design that does not listen maps pages that are private for KVM', () => {
    const guest = new SmallGuest(strategy, { without: ['slot-readd'] });
    guest.attach();
    guest.share(0, 2);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    guest.plug(0, 4);
    expect(guest.mappedPages).toEqual([0, 1]);
  });
}

function describeLoads(strategy: Strategy): void {
  test('loads/plugged: what is plugged is mapped, no more', () => {
    const guest = new SmallGuest(strategy, { hasGuestMemfd: false });
    guest.attach();
    expect(guest.load([0, 4], [8, 12])).toBe(0);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
    expect(guest.view('dma')).toEqual(['0-4 shared', '8-12 shared']);
  });

  test('loads/early: blocks above the usable region of the moment are mapped as well', () => {
    const guest = new SmallGuest(strategy, { hasGuestMemfd: false });
    guest.attach();
    guest.usableEnd = 4;
    guest.load([0, 4], [8, 12]);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
  });

  test('loads/private: what is private is not', () => {
    const guest = new SmallGuest(strategy);
    guest.attach();
    expect(guest.load([0, 8])).toBe(0);
    expect([guest.mappedPages, guest.view('migrate')]).toEqual([[], ['0-8 private']]);
  });

  test('loads/twice-told: who came when the bitmap was there already is mapped once', () => {
    const guest = new SmallGuest(strategy, { hasGuestMemfd: false });
    guest.plugged.add(0).add(1).add(2).add(3);
    guest.attach();
    expect(guest.load([0, 4])).toBe(0);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3]);
  });

  test('loads/refused: nothing is left, and the status is returned', () => {
    const guest = new SmallGuest(strategy, { hasGuestMemfd: false });
    guest.attach();
    guest.refusedPage = 9;
    expect(guest.load([0, 4], [8, 12])).toBe(-ERRNO.ENOMEM);
    expect(guest.mappedPages).toEqual([]);
  });

  test('loads/late-device: a device that comes afterwards gets the same', () => {
    const guest = new SmallGuest(strategy, { hasGuestMemfd: false });
    guest.load([4, 8]);
    expect(guest.attach()).toBe(0);
    expect(guest.mappedPages).toEqual([4, 5, 6, 7]);
  });
}
