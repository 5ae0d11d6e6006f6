// SPDX-License-Identifier: MIT
export { createNotifierList, createNotifierWithReturnList, type NotifierList } from './notifier.ts';
export { notifierList } from './notifier-list.ts';
