// SPDX-License-Identifier: MIT
/**
 * Exits of a vCPU that ask for a conversion, and hypercalls that ask for nothing QEMU knows.
 * Source: QEMU 10.2.2 accel/kvm/kvm-all.c (memory faults) and target/i386/kvm/kvm.c (hypercalls). The range may be
 * anything: wrapped, empty, unaligned.
 */
import type { RecordedConversion } from './confidential-guest.ts';
import { KVM } from '../effect.ts';
import type { RecordedLine } from '../recorded-line.ts';

/** KVM_MAP_GPA_RANGE_ENCRYPTED, the attribute bit of a hypercall. */
const ENCRYPTED = 0x10n;
/** KVM_MEMORY_EXIT_FLAG_PRIVATE. */
const FAULT_PRIVATE = 8n;
const ADDRESSES = 2n ** 64n;

export function isExit(line: RecordedLine): boolean {
  return line.src === KVM && (line.ev === 'exit-map' || line.ev === 'exit-fault' || isOtherHypercall(line));
}

function isOtherHypercall(line: RecordedLine): boolean {
  return /^exit-(?:hc|hypercall)$/.test(line.ev) && line.has('n');
}

export function conversionOf(exit: RecordedLine): RecordedConversion {
  if (isOtherHypercall(exit)) return { start: 0n, size: 0n, toPrivate: false, isUnknown: true };
  const start = exit.address('gpa');
  if (exit.ev === 'exit-map') {
    const toPrivate = (exit.address('attr') & ENCRYPTED) !== 0n;
    return { start, size: (exit.address('pages') * 4096n) % ADDRESSES, toPrivate, isUnknown: false };
  }
  const flags = exit.address('flags');
  const isUnknown = (flags & ~FAULT_PRIVATE) !== 0n;
  return { start, size: exit.address('size'), toPrivate: (flags & FAULT_PRIVATE) !== 0n, isUnknown };
}

export function exitText(exit: RecordedLine): string {
  if (isOtherHypercall(exit)) return exit.ev;
  const { start, size, toPrivate } = conversionOf(exit);
  return `${exit.ev} gpa 0x${start.toString(16)} size 0x${size.toString(16)} to ${toPrivate ? 'private' : 'shared'}`;
}

/** The line at which the vCPU of an exit enters again. */
export function isReentry(exit: RecordedLine, line: RecordedLine): boolean {
  if (line.ev !== 'reenter' || line.src !== KVM) return false;
  return line.count('vcpu') === exit.count('vcpu') && line.count('n') === exit.count('n');
}
