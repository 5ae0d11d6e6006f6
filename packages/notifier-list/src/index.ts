// SPDX-License-Identifier: MIT
export { dmaMappingTracker } from './dma-mapping-tracker.ts';
export { createNotifierList, createNotifierWithReturnList, type NotifierList } from './notifier.ts';
export { notifierList } from './notifier-list.ts';
