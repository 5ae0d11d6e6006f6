// SPDX-License-Identifier: MIT
import type { PlugEvents } from '@sda-lab/guest-memory';

/** For a device that no strategy follows: agrees to everything. Spread it to listen to a few events only. */
export const NO_LISTENER: PlugEvents = {
  slotAdded: () => undefined,
  willPlug: () => 0,
  plugAborted: () => undefined,
  plugged: () => undefined,
  willUnplug: () => 0,
  unplugAborted: () => undefined,
  discarded: () => undefined,
  unplugged: () => undefined,
  willUnplugAll: () => 0,
  discardedAll: () => undefined,
  loaded: () => 0,
};
