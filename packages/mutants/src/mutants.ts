// SPDX-License-Identifier: MIT
import { DEVICE } from './families/device.ts';
import { HISTORY } from './families/history.ts';
import { HOTPLUG } from './families/hotplug.ts';
import { LISTENER } from './families/listener.ts';
import { MANAGER } from './families/manager.ts';
import { MAPPING } from './families/mapping.ts';
import { PLUGGING } from './families/plugging.ts';
import { REQUESTS } from './families/requests.ts';
import { SHARING } from './families/sharing.ts';
import { SOURCES } from './families/sources.ts';
import { TAKING_BACK } from './families/taking-back.ts';
import { USERS } from './families/users.ts';
import type { Mutant } from './mutant.ts';

/** Every mutant, family by family: requests and conversions, calls, devices, plugging, users, the machine's own parts. */
export const MUTANTS: readonly Mutant[] = [
  ...HISTORY,
  ...REQUESTS,
  ...SHARING,
  ...TAKING_BACK,
  ...MAPPING,
  ...HOTPLUG,
  ...PLUGGING,
  ...SOURCES,
  ...USERS,
  ...DEVICE,
  ...MANAGER,
  ...LISTENER,
];
