// SPDX-License-Identifier: MIT
import { ERRNO } from '@sda-lab/guest-memory';
import { extendedRdm, multiSourceRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';
import { lastEvents } from './support/replay.ts';
import { SmallGuest } from './support/small-guest.ts';

describe('extended-rdm: a memslot that comes again', () => {
  test('slots/readd: what was shared there is private, so a plug maps none of it', () => {
    const guest = new SmallGuest(extendedRdm);
    guest.attach();
    guest.share(0, 6);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    expect(guest.plug(0, 8)).toBe(0);
    expect(guest.mappedPages).toEqual([4, 5]);
    expect(guest.view('migrate')).toEqual(['0-4 private', '4-6 shared', '6-8 private']);
  });

  test('slots/reconvert: shared anew, it is mapped', () => {
    const guest = new SmallGuest(extendedRdm);
    guest.attach();
    guest.share(0, 2);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    guest.plug(0, 4);
    expect(guest.share(1, 3)).toBe(0);
    expect(guest.mappedPages).toEqual([1, 2]);
  });

  test('slots/without: a design that does not listen maps pages that are private for KVM', () => {
    const guest = new SmallGuest(extendedRdm, { without: ['slot-readd'] });
    guest.attach();
    guest.share(0, 2);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    guest.plug(0, 4);
    expect(guest.mappedPages).toEqual([0, 1]);
  });
});

describe('extended-rdm: a plug source that was loaded', () => {
  test('loads/plugged: what is plugged is mapped, no more', () => {
    const guest = new SmallGuest(extendedRdm, { hasGuestMemfd: false });
    guest.attach();
    expect(guest.load([0, 4], [8, 12])).toBe(0);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
    expect(guest.view('dma')).toEqual(['0-4 shared', '8-12 shared']);
  });

  test('loads/early: blocks above the usable region of the moment are mapped as well', () => {
    const guest = new SmallGuest(extendedRdm, { hasGuestMemfd: false });
    guest.attach();
    guest.usableEnd = 4;
    guest.load([0, 4], [8, 12]);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
  });

  test('loads/private: what is private is not', () => {
    const guest = new SmallGuest(extendedRdm);
    guest.attach();
    expect(guest.load([0, 8])).toBe(0);
    expect([guest.mappedPages, guest.view('migrate')]).toEqual([[], ['0-8 private']]);
  });

  test('loads/twice-told: who came when the bitmap was there already is mapped once', () => {
    const guest = new SmallGuest(extendedRdm, { hasGuestMemfd: false });
    guest.plugged.add(0).add(1).add(2).add(3);
    guest.attach();
    expect(guest.load([0, 4])).toBe(0);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3]);
  });

  test('loads/refused: nothing is left, and the status is returned', () => {
    const guest = new SmallGuest(extendedRdm, { hasGuestMemfd: false });
    guest.attach();
    guest.refusedPage = 9;
    expect(guest.load([0, 4], [8, 12])).toBe(-ERRNO.ENOMEM);
    expect(guest.mappedPages).toEqual([]);
  });

  test('loads/late-device: a device that comes afterwards gets the same', () => {
    const guest = new SmallGuest(extendedRdm, { hasGuestMemfd: false });
    guest.load([4, 8]);
    expect(guest.attach()).toBe(0);
    expect(guest.mappedPages).toEqual([4, 5, 6, 7]);
  });
});

describe('multi-source-rdm, as QEMU 11.1 (derived, not observed)', () => {
  test('11.1/slot-readd: nobody hears of the slot, and private pages are mapped', () => {
    const guest = new SmallGuest(multiSourceRdm);
    guest.attach();
    guest.share(0, 2);
    guest.instance.plug.slotAdded(guest.source, guest.range(0, 4));
    guest.plug(0, 4);
    expect(guest.mappedPages).toEqual([0, 1]);
  });

  test('11.1/early-load: blocks above the usable region of the moment are not mapped, and stay so', () => {
    const guest = new SmallGuest(multiSourceRdm, { hasGuestMemfd: false });
    guest.attach();
    guest.usableEnd = 4;
    expect(guest.load([0, 4], [8, 12])).toBe(0);
    guest.usableEnd = 16;
    expect([guest.mappedPages, guest.view('dma')]).toEqual([[0, 1, 2, 3], ['0-4 shared', '8-12 shared']]);
  });

  test('11.1/load: with the sizes there first, all is mapped', () => {
    const guest = new SmallGuest(multiSourceRdm, { hasGuestMemfd: false });
    guest.attach();
    expect(guest.load([0, 4], [8, 12])).toBe(0);
    expect(guest.mappedPages).toEqual([0, 1, 2, 3, 8, 9, 10, 11]);
  });

  test('11.1/memslot-load: a device that heard of the blocks when its memslot came hears of them again', () => {
    const guest = new SmallGuest(multiSourceRdm, { hasGuestMemfd: false });
    guest.plugged.add(0).add(1).add(2).add(3);
    guest.attach();
    expect(guest.load([0, 4])).toBe(-ERRNO.EEXIST);
  });
});

// Four blocks of four pages at guest page 0x140000, two to a memslot, all shared, as in an ordinary guest.
const MEMSLOTS = 'world(pages=4, vmem=4x4/2:shared); attach(c0)';

describe('multi-source-rdm over dynamic memslots (observed on QEMU 11.1.3)', () => {
  test('11.1/memslots-plug: a plug over two memslots maps the newest memslot first', () => {
    expect(lastEvents(multiSourceRdm, `${MEMSLOTS}; plug(m0,1+2)`).filter((line) => line.startsWith('map'))).toEqual([
      'map c0 gfn [0x140008, 0x14000c) (1 call)',
      'map c0 gfn [0x140004, 0x140008) (1 call)',
    ]);
  });

  test('11.1/memslots-unplug: an unplug that empties a memslot unmaps the range, then the whole memslot', () => {
    const events = lastEvents(multiSourceRdm, `${MEMSLOTS}; plug(m0,1+1); unplug(m0,1+1)`);
    expect(events.filter((line) => line.startsWith('unmap'))).toEqual([
      'unmap c0 gfn [0x140004, 0x140008)',
      'unmap c0 gfn [0x140000, 0x140008) [detach]',
    ]);
  });

  test('11.1/memslots-unplug-all: everything is unmapped twice', () => {
    const events = lastEvents(multiSourceRdm, `${MEMSLOTS}; plug(m0,0+1); unplug-all(m0)`);
    expect(events.filter((line) => line.startsWith('unmap'))).toEqual([
      'unmap c0 gfn [0x140000, 0x140008)',
      'unmap c0 gfn [0x140000, 0x140008) [detach]',
    ]);
  });

  test('11.1/memslots-idle: a memslot with nothing plugged is no section, and nothing is mapped or unmapped for it', () => {
    expect(lastEvents(multiSourceRdm, `${MEMSLOTS}; detach(c0)`).filter((line) => line.includes('0x14000'))).toEqual([]);
  });
});
