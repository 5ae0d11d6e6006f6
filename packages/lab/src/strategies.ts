// SPDX-License-Identifier: MIT
import { blocked, keepShared, uncoordinated } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, ramBlockAttributes, rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';

/** Every design the lab runs, in the order of every table: controls, what was posted or merged, what was built here. */
export const STRATEGIES: readonly Strategy[] = [
  uncoordinated,
  blocked,
  keepShared,
  rdmPrivateAsDiscarded,
  ramBlockAttributes,
  extendedRdm,
  notifierList,
];
