// SPDX-License-Identifier: MIT
/**
 * The four counters that keep RAM discarding and pinning apart: who needs discarding to work (`required`,
 * `coordinatedRequired`) and who cannot live with it (`disabled`, `uncoordinatedDisabled`).
 * Taking a count may be refused with -EBUSY; giving one back never is.
 * Source: QEMU 10.2.2 system/physmem.c, ram_block_discard_disable and its three siblings; unchanged since 6.1.
 * Unlike QEMU's, a count given back more often than taken is an assertion here, not a wrap.
 */
import { assert } from './assert.ts';
import { ERRNO, type Status } from './status.ts';

export class DiscardCoordination {
  required = 0;
  coordinatedRequired = 0;
  disabled = 0;
  uncoordinatedDisabled = 0;

  /** Discarding must work, also uncoordinated: guest_memfd in QEMU 9.1 to 10.0. */
  require(take: boolean): Status {
    if (take && (this.disabled > 0 || this.uncoordinatedDisabled > 0)) return -ERRNO.EBUSY;
    this.required = step(this.required, take);
    return 0;
  }

  /** Discarding must work for those who tell a RamDiscardManager: virtio-mem, guest_memfd since 10.1. */
  coordinatedRequire(take: boolean): Status {
    if (take && this.disabled > 0) return -ERRNO.EBUSY;
    this.coordinatedRequired = step(this.coordinatedRequired, take);
    return 0;
  }

  /** No discarding at all: vhost-vdpa, spapr, SEV-ES. */
  disable(take: boolean): Status {
    if (take && (this.required > 0 || this.coordinatedRequired > 0)) return -ERRNO.EBUSY;
    this.disabled = step(this.disabled, take);
    return 0;
  }

  /** No discarding behind a RamDiscardManager's back: VFIO containers and devices. */
  uncoordinatedDisable(take: boolean): Status {
    if (take && this.required > 0) return -ERRNO.EBUSY;
    this.uncoordinatedDisabled = step(this.uncoordinatedDisabled, take);
    return 0;
  }

  /** What the balloon asks before it discards: it skips silently while this holds. */
  get isDisabled(): boolean {
    return this.disabled > 0 || this.uncoordinatedDisabled > 0;
  }
}

function step(count: number, take: boolean): number {
  assert(take || count > 0, 'a discard coordination count is given back only after it was taken');
  return take ? count + 1 : count - 1;
}
