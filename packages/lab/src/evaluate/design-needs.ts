// SPDX-License-Identifier: MIT
/**
 * What a design needs besides calls, counted from the data it declares: nothing here is typed in as a number. New is
 * what RamDiscardManager did not have in QEMU 10.2.
 */
import type { StateBits, Strategy } from '@sda-lab/guest-memory';
import { STOCK_MEMBERS } from '@sda-lab/rdm-manager/stock';
import type { EvaluationStrategy } from './evaluation-document.ts';

/** Guests to count state bits in: containers, and sections of one block that each of them follows. */
const EXAMPLES = [
  { containers: 1, sections: 1 },
  { containers: 2, sections: 3 },
] as const;

export function designNeeds({ additions, cost }: Strategy): EvaluationStrategy['design'] {
  const { stateBits, interfaceMembers, changedMembers, changedUsers, source } = cost;
  return {
    additions: { count: additions.length, switches: additions.map(({ id }) => id) },
    stateBits: {
      formula: stateBitsText(stateBits),
      examples: EXAMPLES.map((example) => ({ ...example, bits: countBits(stateBits, example) })),
    },
    interface: {
      count: interfaceMembers.length,
      members: [...interfaceMembers],
      added: interfaceMembers.filter((member) => !STOCK_MEMBERS.includes(member)),
      changed: [...changedMembers],
    },
    changedUsers: changedUsers.map(({ file, change }) => ({ file, change })),
    source,
  };
}

function countBits({ perPage, perFollower }: StateBits, { containers, sections }: (typeof EXAMPLES)[number]): number {
  return perPage.length + perFollower.length * containers * sections;
}

/** `1 (shared) + 1 per container and section (mapped)`. */
export function stateBitsText({ perPage, perFollower, asked }: StateBits): string {
  const parts = [
    ...(perPage.length === 0 ? [] : [`${perPage.length} (${perPage.join(', ')})`]),
    ...(perFollower.length === 0 ? [] : [`${perFollower.length} per container and section (${perFollower.join(', ')})`]),
  ];
  const kept = parts.length === 0 ? '0' : parts.join(' + ');
  return asked.length === 0 ? kept : `${kept}; asks for ${asked.join(', ')}`;
}
