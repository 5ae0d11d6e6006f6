// SPDX-License-Identifier: MIT
/**
 * What guest and device say to each other on the request queue, in words; the tables hold the numbers of the wire.
 * Source: Linux include/uapi/linux/virtio_mem.h, struct virtio_mem_req and virtio_mem_resp. Not covered: the 24-byte
 * layout itself and short buffers, which break the device before a request exists.
 */
export const REQUEST_TYPES = { PLUG: 0, UNPLUG: 1, UNPLUG_ALL: 2, STATE: 3 } as const;
export const ANSWERS = { ACK: 0, NACK: 1, BUSY: 2, ERROR: 3 } as const;
export const BLOCK_STATES = { PLUGGED: 0, UNPLUGGED: 1, MIXED: 2 } as const;

/**
 * `NACK`: more than the host asked for. `BUSY`: not now, try again. `ERROR`: never valid in this state.
 */
export type Answer = keyof typeof ANSWERS;
export type BlockState = keyof typeof BLOCK_STATES;

/** A request that names blocks, as the guest sends it. */
export interface RangeRequest {
  readonly type: 'PLUG' | 'UNPLUG' | 'STATE';
  /** Guest physical address of the first block, 0 to 2^64-1 included. */
  readonly addr: bigint;
  /** 0 to 65535 included: the field has 16 bits. 0 is sendable, and answered with ERROR. */
  readonly nbBlocks: number;
}

export type GuestRequest = RangeRequest | { readonly type: 'UNPLUG_ALL' };

export interface GuestResponse {
  readonly answer: Answer;
  /** Present exactly when a STATE request was answered with ACK. */
  readonly state?: BlockState;
}
