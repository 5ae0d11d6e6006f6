// SPDX-License-Identifier: MIT
import { AssertionFailure } from './assert.ts';
import type { PlugEvents } from './ports/plug.ts';

function refuse(): never {
  throw new AssertionFailure('assertion failed: a design without plug sources hears no plug event');
}

/** For designs that take no plug source: `attachSource` refused, so nobody can call these. */
export const NO_PLUG_EVENTS: PlugEvents = {
  slotAdded: refuse,
  willPlug: refuse,
  plugAborted: refuse,
  plugged: refuse,
  willUnplug: refuse,
  unplugAborted: refuse,
  discarded: refuse,
  unplugged: refuse,
  willUnplugAll: refuse,
  discardedAll: refuse,
  loaded: refuse,
};
