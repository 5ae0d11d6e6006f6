// SPDX-License-Identifier: MIT
import type { Cast, Consumer, Section } from '@sda-lab/guest-memory';

/** A consumer and the section it follows. */
export type Follower = readonly [consumer: Consumer, section: Section];

export function nameOf([consumer, section]: Follower): string {
  return `${consumer.name} ${section.name}`;
}

/** Whom `nameOf` named so. */
export function followerNamed({ consumers, sections }: Cast, name: string): Follower {
  return consumers.flatMap((consumer) => sections.map((section): Follower => [consumer, section])).find((one) => nameOf(one) === name)!;
}
