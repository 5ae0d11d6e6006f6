// SPDX-License-Identifier: MIT
import { describeSlotsAndLoads } from '@sda-lab/conformance/vitest';
import { notifierList } from '@sda-lab/notifier-list';

describeSlotsAndLoads(notifierList);
