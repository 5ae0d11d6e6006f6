// SPDX-License-Identifier: MIT
import { type Instance, NO_PLUG_EVENTS } from '@sda-lab/guest-memory';
import { PortError } from './port-error.ts';

function refuse(): never {
  throw new PortError('the design gave no instance, so nothing can be asked of it');
}

/** Stands in a world whose VMM died while the design was created; no operation reaches it. */
export const NO_INSTANCE: Instance = {
  addBlock: refuse,
  removeBlock: refuse,
  attachSource: refuse,
  detachSource: refuse,
  subscribe: refuse,
  unsubscribe: refuse,
  convert: refuse,
  reset: refuse,
  plug: NO_PLUG_EVENTS,
  runs: refuse,
};
