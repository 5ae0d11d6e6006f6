// SPDX-License-Identifier: MIT
/**
 * What a strategy can do to the recorded machine: each step is written down as the recording would have it, held against
 * the tape of the request, and answered as it was answered then.
 *
 * Shared memory is discarded as QEMU 10.2.2 system/physmem.c does: a file is punched, then the pages are advised away.
 * Recordings without KVM show none of this; every step succeeds there.
 */
import {
  type AddressSpace,
  assert,
  ERRNO,
  type GfnRange,
  type Host,
  PAGE_BYTES,
  type PageRange,
  type RamBlock,
  type Regime,
  type Side,
  type Status,
} from '@sda-lab/guest-memory';
import { attributesText, KVM, madviseText, punchText } from './effect.ts';
import type { Tape } from './tape.ts';

/** What the recording says of a block beside its size. */
export interface BlockFacts {
  /** Whether the shared side is a file: maps name an offset in it then, and it is punched before it is advised away. */
  readonly isFile: boolean;
}

export interface HostOptions {
  readonly addressSpace: AddressSpace;
  readonly tape: () => Tape | undefined;
  /** Whether the recording shows attributes and discards at all. */
  readonly isShown: boolean;
  /** Whether it shows punches of files other than guest_memfds. */
  readonly showsSharedPunches: boolean;
}

const bytes = (pages: number): number => pages * PAGE_BYTES;
const exactBytes = (pages: number): bigint => BigInt(pages) * BigInt(PAGE_BYTES);

export class RecordedHost implements Host {
  readonly regime: Regime = 'two-backend';
  readonly isDiscardDisabled = false;
  readonly #options: HostOptions;
  readonly #facts = new Map<RamBlock, BlockFacts>();
  readonly #guestMemfds = new Map<RamBlock, number>();

  constructor(options: HostOptions) {
    this.#options = options;
  }

  describe(block: RamBlock, facts: BlockFacts): void {
    this.#facts.set(block, facts);
  }

  /** The number the recording gives the block's guest_memfd; a reset gives it a new one. */
  nameGuestMemfd(block: RamBlock, id: number): void {
    this.#guestMemfds.set(block, id);
  }

  isFile(block: RamBlock): boolean {
    return this.#facts.get(block)?.isFile ?? false;
  }

  setAttributes({ firstGfn, endGfn }: GfnRange, side: Side): Status {
    return this.emitAttributes(exactBytes(firstGfn), exactBytes(endGfn - firstGfn), side);
  }

  emitAttributes(gpa: bigint, size: bigint, side: Side): Status {
    return this.#emit('attributes', attributesText(gpa, size, side));
  }

  convertInPlace(): Status {
    return -ERRNO.EINVAL;
  }

  discard(range: PageRange, side: Side): Status {
    return side === 'private' ? this.#punchGuestMemfd(range) : this.#discardShared(range);
  }

  /** QEMU's designs have no lock of their own. */
  lock(): boolean {
    return true;
  }

  unlock(): void {}

  exit(reason: string): void {
    assert(false, `QEMU 11.1 does not exit here: ${reason}`);
  }

  #punchGuestMemfd({ block, firstPage, endPage }: PageRange): Status {
    const id = this.#guestMemfds.get(block) ?? 0;
    return this.#emit('punch', punchText(id, bytes(firstPage), bytes(endPage - firstPage)));
  }

  #discardShared({ block, firstPage, endPage }: PageRange): Status {
    const size = bytes(endPage - firstPage);
    if (this.isFile(block) && this.#options.showsSharedPunches) {
      const status = this.#emit('punch', punchText('shared', bytes(firstPage), size));
      if (status !== 0) return status;
    }
    const section = this.#options.addressSpace.sections.find(
      (one) => one.block === block && one.firstPage <= firstPage && firstPage < one.firstPage + one.pageCount,
    );
    // Memory that no slot shows has no guest address in a recording.
    if (section === undefined) return 0;
    return this.#emit('madvise', madviseText(bytes(section.firstGfn + firstPage - section.firstPage), size));
  }

  #emit(kind: 'attributes' | 'punch' | 'madvise', text: string): Status {
    const tape = this.#options.isShown ? this.#options.tape() : undefined;
    return tape?.emit({ actor: KVM, kind, text }, 'strict') ?? 0;
  }
}
