// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { dmaMappingTracker, notifierList } from '@sda-lab/notifier-list';
import { extendedRdm, multiSourceRdm, ramBlockAttributes } from '@sda-lab/rdm-manager';

/** Whose growth is measured, in the order of the report. */
export const GROWN: readonly Strategy[] = [ramBlockAttributes, multiSourceRdm, dmaMappingTracker, extendedRdm, notifierList];
