// SPDX-License-Identifier: MIT
/**
 * A block of eight pages, two consumers and two sources, and a design with them and no machine: for words checked by hand.
 */
import {
  type Cast,
  type Consumer,
  ERRNO,
  type Host,
  type Instance,
  type RamBlock,
  type Section,
  type Strategy,
} from '@sda-lab/guest-memory';

const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true, isPluggable: true };
const section: Section = { name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false };
const host: Host = {
  regime: 'two-backend',
  isDiscardDisabled: false,
  setAttributes: () => 0,
  convertInPlace: () => 0,
  discard: () => 0,
  lock: () => true,
  unlock: () => undefined,
  exit: () => undefined,
};

export interface SmallCast {
  readonly block: RamBlock;
  readonly section: Section;
  readonly instance: Instance;
  readonly cast: Cast;
  readonly stranger: Consumer;
  readonly calls: string[];
}

/** c0 takes both sides, c1 shared pages and is unmapped nowhere; a third is in no cast. */
export function createSmallCast(strategy: Strategy): SmallCast {
  const calls: string[] = [];
  const consumer = (name: string, sides: Consumer['sides']): Consumer => ({
    name,
    sides,
    smallestPages: 1,
    unmapShape: 'range',
    done: 0,
    mapRun: (_section, side, first, count) => (calls.push(`map ${name} ${side} ${first}+${count}`), 0),
    unmapRun: (_section, side, first, count) => (calls.push(`unmap ${name} ${side} ${first}+${count}`), name === 'c1' ? -ERRNO.EBUSY : 0),
  });
  const instance = strategy.create(host, new Set());
  instance.addBlock(block);
  const sources = ['m0', 'm1'].map((name) => ({ name, granulePages: 4, isPlugged: (_first: number, end: number) => end <= 4 }));
  const cast = { consumers: [consumer('c0', 'both'), consumer('c1', 'shared')], sections: [section], sources };
  return { block, section, instance, cast, stranger: consumer('c9', 'shared'), calls };
}
