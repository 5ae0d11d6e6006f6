// SPDX-License-Identifier: MIT
import type { WorldEvent } from '@sda-lab/conformance';
import { type Status, statusText } from '@sda-lab/guest-memory';

/** An event without its pages: what happened to whom. */
export function shortEvent(event: WorldEvent): string {
  switch (event.kind) {
    case 'attributes':
      return `KVM: ${event.side}${answer(event.status)}`;
    case 'convert-in-place':
      return `guest_memfd: ${event.side}${answer(event.status)}`;
    case 'discard':
      return `free ${event.side} side${answer(event.status)}`;
    case 'populate':
      return `new frame, ${event.side} side`;
    case 'map':
    case 'unmap':
      return `${event.kind} in ${event.container}${answer(event.status)}${event.context === 'run' ? '' : ` (${event.context})`}`;
    case 'plugged':
    case 'unplugged':
      return `block is ${event.kind}`;
    case 'cpu':
    case 'device':
      return `${event.who} ${event.access}s`;
    case 'section-added':
      return 'a section comes';
    case 'section-removed':
      return 'a section goes';
    case 'iova':
      return `${event.call} at an IOVA in ${event.container}${answer(event.status)}`;
    case 'report':
      return `stale IOVA in ${event.report.container}`;
    case 'rebuild':
      return 'new guest_memfd, all private';
    case 'exit':
      return 'the VMM exits';
    case 'nested':
      return `${event.operation.op} inside ${event.phase}`;
  }
}

function answer(status: Status): string {
  return status === 0 ? '' : ` ${statusText(status)}`;
}
