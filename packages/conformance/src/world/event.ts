// SPDX-License-Identifier: MIT
/**
 * What happened inside operations, one primitive event each, in order. The event order of a design is read from this
 * log, never written by hand.
 */
import { type Side, type Status, statusText } from '@sda-lab/guest-memory';
import type { CallContext, ListenerCall } from '@sda-lab/vfio-mock';
import { printOperation } from '../history/print-history.ts';
import type { Operation } from '../history/operation.ts';
import { type Report, reportText } from './consumers/reports.ts';

export type WorldEvent =
  | { readonly kind: 'attributes'; readonly firstGfn: number; readonly endGfn: number; readonly side: Side; readonly status: Status }
  | { readonly kind: 'convert-in-place' | 'discard'; readonly block: string; readonly firstPage: number; readonly endPage: number; readonly side: Side; readonly status: Status; readonly pin?: Pin }
  | { readonly kind: 'populate'; readonly block: string; readonly page: number; readonly side: Side; readonly frame: number }
  | ({ readonly kind: 'map'; readonly container: string; readonly context: CallContext; readonly firstGfn: number; readonly pageCount: number; readonly granulePages: number; readonly status: Status; readonly doneGranules: number } & Partial<PrivateMapping>)
  | ({ readonly kind: 'unmap'; readonly container: string; readonly context: CallContext; readonly firstGfn: number; readonly pageCount: number; readonly status: Status } & Partial<PrivateMapping>)
  | { readonly kind: 'plugged' | 'unplugged'; readonly block: string; readonly firstPage: number; readonly endPage: number }
  | { readonly kind: 'cpu' | 'device'; readonly who: string; readonly page: number; readonly access: 'read' | 'write'; readonly value: number; readonly status: Status }
  | { readonly kind: 'section-added'; readonly section: string; readonly firstGfn: number; readonly pageCount: number }
  | { readonly kind: 'section-removed'; readonly section: string }
  | { readonly kind: 'rebuild'; readonly block: string }
  | { readonly kind: 'iova'; readonly call: 'map' | 'unmap'; readonly container: string; readonly iovaPage: number; readonly status: Status }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'exit'; readonly reason: string }
  | NestedEvent;

/** Where the events of an operation that runs inside another one begin and end; no event itself. */
export interface NestedEvent {
  readonly kind: 'nested';
  readonly phase: 'begins' | 'ends' | 'waits';
  readonly operation: Operation;
}

/** Where events go. Most machines keep none: who has one to tell asks first, and makes it only where it is kept. */
export interface EventLog {
  readonly keepsEvents: boolean;
  log(event: WorldEvent): void;
  /** In the place of `log` where no event is kept: it is counted all the same. */
  pass(): void;
}

/** Why an in-place conversion was refused: the first pinned page (the kernel's error_offset), and who holds it. */
export interface Pin {
  readonly page: number;
  readonly holders: readonly string[];
}

/** A mapping of private guest_memfd; flagged wherever it is told. */
interface PrivateMapping {
  readonly side: 'private';
  readonly hypothetical: true;
}

const PRIVATE_MAPPING: PrivateMapping = { side: 'private', hypothetical: true };

/** What a listener asked its kernel, as an event. */
export function callEvent(container: string, call: ListenerCall, side: Side = 'shared'): WorldEvent {
  const { context, firstGfn, pageCount, status } = call;
  const common = { container, context, firstGfn, pageCount, status, ...(side === 'private' && PRIVATE_MAPPING) };
  if (call.kind === 'unmap') return { kind: 'unmap', ...common };
  return { kind: 'map', ...common, granulePages: call.granulePages, doneGranules: call.doneGranules };
}

/** One event as a line for people. */
export function eventText(event: WorldEvent): string {
  switch (event.kind) {
    case 'attributes':
      return `KVM attributes gfn ${range(event.firstGfn, event.endGfn)} ${event.side}${answer(event.status)}`;
    case 'convert-in-place':
      return `guest_memfd ${event.block} ${range(event.firstPage, event.endPage)} becomes ${event.side}${answer(event.status)}${pinText(event.pin)}`;
    case 'discard':
      return `discard ${event.side} side of ${event.block} ${range(event.firstPage, event.endPage)}${answer(event.status)}`;
    case 'populate':
      return `${event.side} side of ${event.block} page ${event.page} gets frame ${event.frame}`;
    case 'map': {
      const calls = Math.ceil(event.pageCount / event.granulePages);
      const done = event.status === 0 ? '' : `, ${event.doneGranules} of ${calls} made`;
      const made = calls === 1 ? '1 call' : `${calls} calls of ${event.granulePages}`;
      return `map ${event.container} gfn ${range(event.firstGfn, event.firstGfn + event.pageCount)} (${made}${done})${answer(event.status)}${why(event.context)}${flag(event)}`;
    }
    case 'unmap':
      return `unmap ${event.container} gfn ${range(event.firstGfn, event.firstGfn + event.pageCount)}${answer(event.status)}${why(event.context)}${flag(event)}`;
    case 'plugged':
    case 'unplugged':
      return `${event.block} ${range(event.firstPage, event.endPage)} is ${event.kind}`;
    case 'cpu':
    case 'device':
      return `${event.who} ${event.access}s ${hex(event.value)} at page ${event.page}${answer(event.status)}`;
    case 'iova':
      return `${event.call} ${event.container} IOVA page ${hex(event.iovaPage)} [vIOMMU]${answer(event.status)}`;
    case 'report':
      return `reported, not judged: ${reportText(event.report)}`;
    case 'section-added':
      return `section ${event.section} comes at gfn ${range(event.firstGfn, event.firstGfn + event.pageCount)}`;
    case 'section-removed':
      return `section ${event.section} goes`;
    case 'rebuild':
      return `${event.block} gets a new guest_memfd, all private`;
    case 'exit':
      return `the VMM exits: ${event.reason}`;
    case 'nested':
      return `${printOperation(event.operation)} ${NESTED_TEXT[event.phase]}`;
  }
}

const NESTED_TEXT = {
  begins: 'begins inside (nested, bound 1)',
  ends: 'is over',
  waits: 'waits for a lock, until the operation around it is over',
} as const;

function range(first: number, end: number): string {
  return `[${hex(first)}, ${hex(end)})`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function answer(status: Status): string {
  return status === 0 ? '' : ` -> ${statusText(status)}`;
}

function pinText(pin: Pin | undefined): string {
  if (pin === undefined) return '';
  return `: page ${hex(pin.page)} is pinned by ${pin.holders.join(' and ') || 'nobody known'}`;
}

function flag({ hypothetical }: Partial<PrivateMapping>): string {
  return hypothetical === true ? ' [private side; hypothetical]' : '';
}

function why(context: CallContext): string {
  return context === 'run' ? '' : ` [${context}]`;
}
