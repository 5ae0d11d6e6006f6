// SPDX-License-Identifier: MIT
import { describeSlotsAndLoads, lastEvents, SmallGuest } from '@sda-lab/conformance/vitest';
import { ERRNO } from '@sda-lab/guest-memory';
import { extendedRdm, multiSourceRdm } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

describeSlotsAndLoads(extendedRdm);

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
