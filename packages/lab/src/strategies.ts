// SPDX-License-Identifier: MIT
import { blocked, keepShared, keepSharedAsPosted, uncoordinated } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { dmaMappingTracker, notifierList } from '@sda-lab/notifier-list';
import {
  extendedRdm,
  extendedRdmAsPosted,
  multiSourceRdm,
  ramBlockAttributes,
  rdmPrivateAsDiscarded,
} from '@sda-lab/rdm-manager';

/** Every design the lab runs, in the order of every table: controls, what was posted or merged, what was built here. */
export const STRATEGIES: readonly Strategy[] = [
  uncoordinated,
  blocked,
  keepShared,
  keepSharedAsPosted,
  rdmPrivateAsDiscarded,
  ramBlockAttributes,
  multiSourceRdm,
  extendedRdmAsPosted,
  dmaMappingTracker,
  extendedRdm,
  notifierList,
];
