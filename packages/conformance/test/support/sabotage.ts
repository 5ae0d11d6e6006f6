// SPDX-License-Identifier: MIT
/** World parts that are wrong while the design is right: a kernel, guest memory, the discard coordination counts. */
import type { World } from '../../src/index.ts';

export type Sabotage = (world: World) => void;

/** A listener or kernel that grants writes to every mapping. */
export const grantsWrites: Sabotage = ({ containers }) => {
  for (const { kernel } of containers) {
    const mapPages = kernel.mapPages.bind(kernel);
    Object.assign(kernel, {
      mapPages: (iovaPage: number, hostPage: number, pageCount: number, granulePages: number) =>
        mapPages(iovaPage, hostPage, pageCount, granulePages, true),
    });
  }
};

/** A kernel that does not look for pins before it turns a guest_memfd frame private. */
export const convertsPinnedFrames: Sabotage = ({ memory }) => {
  Object.assign(memory.frames, { pins: () => 0 });
};

/** A kernel that forgets to drop its pins. */
export const leaksPins: Sabotage = ({ memory }) => {
  Object.assign(memory.frames, { unpin: () => undefined });
};

/** A host whose discards of device RAM do nothing. */
export const keepsDeviceRam: Sabotage = ({ memory }) => {
  const discard = memory.discard.bind(memory);
  Object.assign(memory, {
    discard: (...[range, side]: Parameters<typeof discard>) => (range.block.name === 'm0' ? 0 : discard(range, side)),
  });
};

/** A container that takes no discard coordination count. */
export const takesNoCount: Sabotage = ({ memory }) => {
  Object.assign(memory.coordination, { uncoordinatedDisable: () => 0 });
};

/** A container that takes the count and never gives it back. */
export const keepsItsCount: Sabotage = ({ memory: { coordination } }) => {
  const disable = coordination.uncoordinatedDisable.bind(coordination);
  Object.assign(coordination, { uncoordinatedDisable: (take: boolean) => (take ? disable(true) : 0) });
};
