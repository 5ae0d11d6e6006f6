// SPDX-License-Identifier: MIT
/** The IOVA map by itself, for measuring it: not what users of a container need. */
export { PageRecords, type RecordsWatcher, type RemovedSink } from './_internals/page-records.ts';
export type { PageRecord, SharedPart } from './_internals/page-record.ts';
