// SPDX-License-Identifier: MIT
import { PAGE_BYTES } from '@sda-lab/guest-memory';
import type { RangeRequest } from '../protocol.ts';
import { VirtioMemRefusal } from '../refusal.ts';
import type { BlockRange, DeviceState } from './device-state.ts';

const ADDRESS_SPACE_BYTES = 2n ** 64n;
/** The field has 16 bits. */
export const MAX_NB_BLOCKS = 65535;

/** Guest physical address of a block, also of blocks the device does not have: a guest can name those. */
export function addressOf(state: DeviceState, blockIndex: number): bigint {
  if (!Number.isSafeInteger(blockIndex)) {
    throw notSendable(`block index ${blockIndex}`, 'must be a whole number');
  }
  const page = BigInt(state.firstGfn) + BigInt(blockIndex) * BigInt(state.blockPages);
  return page * BigInt(PAGE_BYTES);
}

/** The blocks a request names, or undefined when QEMU's virtio_mem_valid_range says no. */
export function findBlocks(state: DeviceState, request: RangeRequest): BlockRange | undefined {
  const { addr, nbBlocks } = request;
  checkSendable(addr, nbBlocks);
  const blockBytes = BigInt(state.blockPages) * BigInt(PAGE_BYTES);
  const start = addressOf(state, 0);
  const usableEnd = addressOf(state, state.usableBlocks);
  // Where QEMU's 64-bit sum wraps and is refused for that, this one is beyond any region.
  const end = addr + BigInt(nbBlocks) * blockBytes;
  if (addr % blockBytes !== 0n || nbBlocks === 0) return undefined;
  if (addr < start || end > usableEnd) return undefined;
  const firstBlock = Number((addr - start) / blockBytes);
  return { firstBlock, endBlock: firstBlock + nbBlocks };
}

function checkSendable(addr: bigint, nbBlocks: number): void {
  if (addr < 0n || addr >= ADDRESS_SPACE_BYTES) {
    throw notSendable(`addr = ${addr}`, 'must be from 0 to 2^64-1');
  }
  if (!Number.isInteger(nbBlocks) || nbBlocks < 0 || nbBlocks > MAX_NB_BLOCKS) {
    throw notSendable(`nbBlocks = ${nbBlocks}`, `must be a whole number from 0 to ${MAX_NB_BLOCKS}`);
  }
}

function notSendable(value: string, limit: string): VirtioMemRefusal {
  const next = 'send what fits the fields of a request (64-bit address, 16-bit count)';
  return new VirtioMemRefusal('request-not-sendable', { call: 'request', value, limit, next });
}
