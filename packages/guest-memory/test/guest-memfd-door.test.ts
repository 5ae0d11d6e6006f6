// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { ERRNO, GuestMemory, guestMemfdHostPage, type RamBlock, type Regime } from '../src/index.ts';

function guestOf(regime: Regime): { memory: GuestMemory; ram: RamBlock; rom: RamBlock } {
  const memory = new GuestMemory({ regime, gfnCount: 16 });
  const ram = memory.addBlock('ram', 4, true);
  const rom = memory.addBlock('rom', 1, false);
  memory.addSection({ name: 'ram', block: ram, firstPage: 0, pageCount: 4, firstGfn: 0, readonly: false });
  return { memory, ram, rom };
}

describe('the host page of a private side', () => {
  test('two-backend: pins the private frame and leaves the shared side a hole', () => {
    const { memory, ram } = guestOf('two-backend');
    const frame = memory.pinPage(guestMemfdHostPage(ram, 2), true);
    expect(frame).toBeGreaterThan(0);
    expect([memory.backing(ram, 2, 'private'), memory.backing(ram, 2, 'shared')]).toEqual([frame, 0]);
    expect([memory.frames.owner(frame), memory.frames.pins(frame)]).toEqual(['private', 1]);
    expect(memory.peekPage(guestMemfdHostPage(ram, 2))).toBe(frame);
    expect(memory.peekPage(ram.hostFirstPage + 2)).toBe(0);
  });

  test('in place: pins the one frame while the page is private, and is no page once it is shared', () => {
    const { memory, ram } = guestOf('in-place');
    const frame = memory.pinPage(guestMemfdHostPage(ram, 1), true);
    expect(memory.frames.owner(frame)).toBe('private');
    expect(memory.convertInPlace({ block: ram, firstPage: 1, endPage: 2 }, 'shared')).toBe(0);
    expect(memory.pinPage(guestMemfdHostPage(ram, 1), true)).toBe(-ERRNO.EFAULT);
    expect(memory.peekPage(guestMemfdHostPage(ram, 1))).toBe(0);
    expect(memory.pinPage(ram.hostFirstPage + 1, true)).toBe(frame);
  });

  test('in place: a page that is private and pinned does not keep its neighbours from turning private', () => {
    const { memory, ram } = guestOf('in-place');
    memory.convertInPlace({ block: ram, firstPage: 1, endPage: 2 }, 'shared');
    memory.pinPage(guestMemfdHostPage(ram, 0), true);
    expect(memory.convertInPlace({ block: ram, firstPage: 0, endPage: 2 }, 'private')).toBe(0);
  });

  test('is no page of a block without guest_memfd, nor past the end of one', () => {
    const { memory, ram, rom } = guestOf('two-backend');
    expect(memory.pinPage(guestMemfdHostPage(rom, 0), false)).toBe(-ERRNO.EFAULT);
    expect(memory.pinPage(guestMemfdHostPage(ram, 4), true)).toBe(-ERRNO.EFAULT);
    expect(memory.peekPage(guestMemfdHostPage(ram, 4))).toBe(0);
    expect(memory.frames.liveCount).toBe(0);
  });

  test('is a number the kernels take, and the host page of no shared side', () => {
    const { ram } = guestOf('two-backend');
    const hostPage = guestMemfdHostPage(ram, 3);
    expect(Number.isSafeInteger(hostPage) && hostPage < 2 ** 52).toBe(true);
    expect(guestMemfdHostPage(ram, 3) - guestMemfdHostPage(ram, 0)).toBe(3);
  });
});
