// SPDX-License-Identifier: MIT
/* The mappings of a container as a sorted list of single mappings, one object each: slow and obvious. */
import { CHARGED_TO_USER, type PageRecord } from '../../src/_internals/page-record.ts';
import type { PageRecords } from '../../src/_internals/page-records.ts';

export interface Mapping {
  readonly first: number;
  readonly count: number;
  readonly host: number;
  readonly flags: number;
}

export class NaiveRecords {
  mappings: Mapping[] = [];

  insert(first: number, count: number, granule: number, host: number, flags: number): boolean {
    const end = first + count;
    if (this.mappings.some((one) => one.first < end && one.first + one.count > first)) return false;
    for (let at = 0; at < count; at += granule) this.mappings.push({ first: first + at, count: granule, host: host + at, flags });
    this.mappings.sort((one, other) => one.first - other.first);
    return true;
  }

  /** Answers what it removed. */
  removeRange(first: number, end: number): Mapping[] {
    const isInside = (one: Mapping): boolean => one.first >= first && one.first + one.count <= end;
    const removed = this.mappings.filter(isInside);
    this.mappings = this.mappings.filter((one) => !isInside(one));
    return removed;
  }

  cutMapping(at: number): void {
    const index = this.mappings.findIndex((one) => one.first < at && one.first + one.count > at);
    const { first, count, host, flags } = this.mappings[index]!;
    const head = at - first;
    const tail = { first: at, count: count - head, host: host + head, flags };
    this.mappings.splice(index, 1, { first, count: head, host, flags }, tail);
  }

  at(page: number): Mapping | undefined {
    return this.mappings.find(({ first, count }) => first <= page && first + count > page);
  }

  nextMapped(first: number, end: number): number {
    const next = this.mappings.find((one) => one.first + one.count > first);
    return next === undefined ? end : Math.min(end, Math.max(first, next.first));
  }

  isCutAt(page: number): boolean {
    return this.mappings.some(({ first, count }) => first < page && first + count > page);
  }

  get pageCount(): number {
    return this.mappings.reduce((sum, { count }) => sum + count, 0);
  }

  get chargedCount(): number {
    return this.mappings.reduce((sum, { count, flags }) => sum + ((flags & CHARGED_TO_USER) === 0 ? 0 : count), 0);
  }
}

/** The mappings that a record stands for. */
export function mappingsOf({ first, count, granule, host, flags }: PageRecord): Mapping[] {
  return Array.from({ length: count / granule }, (_, index) => ({
    first: first + index * granule,
    count: granule,
    host: host + index * granule,
    flags,
  }));
}

export function allMappings(records: PageRecords): Mapping[] {
  const all: Mapping[] = [];
  records.forEach(0, Infinity, (record) => all.push(...mappingsOf(record)));
  return all;
}
