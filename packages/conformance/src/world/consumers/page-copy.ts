// SPDX-License-Identifier: MIT
/**
 * A page by value, as those who copy a guest see it: migration and dump. A page shown as shared is read as plain RAM,
 * one shown as private goes through the TEE's own export and keeps its content.
 *
 * The export stands for what a platform offers (SEV-SNP page swap, TDX TDH.EXPORT.MEM): no QEMU up to 11.1 has it,
 * since migration of confidential guests is blocked. Not covered: its keys, its order, what it costs.
 */
import type { GuestMemory, Side } from '@sda-lab/guest-memory';
import { blockPageOf, type Span } from '../layout.ts';

export interface PageCopy {
  readonly side: Side;
  /** The word at the page's start; 0 for a hole. */
  readonly value: number;
}

/** What the guest has at a position now. */
export function guestCopy(memory: GuestMemory, span: Span, position: number): PageCopy {
  return copyOf(memory, span, position, memory.sideAt(span.section, blockPageOf(span, position)));
}

/** What a copier gets that was shown the page on a side, right or wrong. */
export function copyOf(memory: GuestMemory, span: Span, position: number, side: Side): PageCopy {
  const frame = memory.backing(span.section.block, blockPageOf(span, position), side);
  return { side, value: frame === 0 ? 0 : memory.frames.read(frame) };
}

/** Writes a page's content where it belongs; a page that is zero stays the hole it is. */
export function writeCopy(memory: GuestMemory, span: Span, position: number, { side, value }: PageCopy): void {
  if (value === 0) return;
  memory.frames.write(memory.populate(span.section.block, blockPageOf(span, position), side), value);
}
