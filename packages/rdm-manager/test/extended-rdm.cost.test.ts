// SPDX-License-Identifier: MIT
/*
 * What extended-rdm says it asks of QEMU, held against its code: each member by its name there, what consumers and
 * sources are really asked for, and nothing left out.
 */
import { type Consumer, type Host, type Instance, type PlugSource, type RamBlock, type Section } from '@sda-lab/guest-memory';
import { extendedRdm } from '@sda-lab/rdm-manager';
import { STOCK_MEMBERS } from '@sda-lab/rdm-manager/stock';
import { describe, expect, test } from 'vitest';

/** QEMU's name for a member, and the one it has here. */
const HERE: Readonly<Record<string, string>> = {
  'RamDiscardManager.is_populated': 'instance.runs',
  'RamDiscardManager.replay_populated': 'instance.runs',
  'RamDiscardManager.replay_discarded': 'instance.runs',
  'RamDiscardManager.register_listener': 'instance.subscribe',
  'RamDiscardManager.unregister_listener': 'instance.unsubscribe',
  'RamDiscardManager.state_change': 'instance.convert',
  'RamDiscardManager.reset': 'instance.reset',
  'RamDiscardManager.add_source': 'instance.attachSource',
  'RamDiscardManager.del_source': 'instance.detachSource',
  'RamDiscardManager.slot_added': 'plug.slotAdded',
  'RamDiscardManager.will_plug': 'plug.willPlug',
  'RamDiscardManager.plugged': 'plug.plugged',
  'RamDiscardManager.will_unplug': 'plug.willUnplug',
  'RamDiscardManager.unplug_aborted': 'plug.unplugAborted',
  'RamDiscardManager.unplugged': 'plug.unplugged',
  'RamDiscardManager.will_unplug_all': 'plug.willUnplugAll',
  'RamDiscardManager.loaded': 'plug.loaded',
  'RamDiscardSource.get_min_granularity': 'source.granulePages',
  'RamDiscardSource.is_plugged': 'source.isPlugged',
  'RamDiscardListener.notify_populate': 'consumer.mapRun',
  'RamDiscardListener.notify_discard': 'consumer.unmapRun',
  'RamDiscardListener.done': 'consumer.done',
  'RamDiscardListener.sides': 'consumer.sides',
  'RamDiscardListener.smallest_pages': 'consumer.smallestPages',
  'RamDiscardListener.unmap_shape': 'consumer.unmapShape',
};
/**
 * Making the object, what only a search asks for, and events this design does nothing in: a block that is unplugged was
 * unmapped before.
 */
const NOT_COUNTED = ['instance.addBlock', 'instance.removeBlock', 'instance.plug', 'instance.words', 'plug.plugAborted', 'plug.discarded', 'plug.discardedAll'];

const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
const section: Section = { name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false };
const range = { block, firstPage: 0, endPage: 4 };

/** Everything read from an object, by name. */
function watched<T extends object>(object: T, prefix: string, read: Set<string>): T {
  return new Proxy(object, {
    get: (target, key, receiver) => {
      read.add(`${prefix}.${String(key)}`);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

interface Bench {
  readonly instance: Instance;
  readonly consumer: Consumer;
  readonly source: PlugSource;
  readonly read: Set<string>;
  readonly calls: string[];
  refusesMaps: boolean;
}

function createBench(): Bench {
  const read = new Set<string>();
  const calls: string[] = [];
  const host: Host = { regime: 'two-backend', isDiscardDisabled: false, setAttributes: () => 0, convertInPlace: () => 0, discard: () => 0, lock: () => true, unlock: () => undefined, exit: () => undefined };
  const consumer: Consumer = {
    name: 'c0',
    sides: 'shared',
    smallestPages: 1,
    unmapShape: 'exact',
    done: 0,
    mapRun: () => (calls.push('map'), bench.refusesMaps ? -12 : 0),
    unmapRun: () => (calls.push('unmap'), 0),
  };
  const source: PlugSource = { name: 'm0', granulePages: 4, isPlugged: () => false };
  const instance = extendedRdm.create(host, new Set());
  instance.addBlock(block);
  const bench: Bench = { instance, consumer: watched(consumer, 'consumer', read), source: watched(source, 'source', read), read, calls, refusesMaps: false };
  return bench;
}

/** Calls everything that consumers and sources have a part in, a refusal among it. */
function exercise(bench: Bench): void {
  const { instance, consumer, source } = bench;
  const request = { pages: { block, firstPage: 0, endPage: 2 }, gfns: { firstGfn: 0, endGfn: 2 } };
  instance.subscribe(consumer, section);
  bench.refusesMaps = true;
  instance.convert(request, 'shared');
  bench.refusesMaps = false;
  instance.convert(request, 'shared');
  instance.attachSource(block, source);
  instance.plug.willPlug(source, range);
  instance.plug.plugged(source, range);
  instance.plug.willUnplug(source, range);
  instance.plug.unplugged(source, range);
  instance.reset();
  instance.detachSource(block, source);
  instance.unsubscribe(consumer, section);
}

describe('the cost of extended-rdm', () => {
  const { interfaceMembers, changedMembers, stateBits } = extendedRdm.cost;

  test('cost/members: each stands for a member of the code, and none is missing', () => {
    expect([...interfaceMembers].toSorted()).toEqual(Object.keys(HERE).toSorted());
    const bench = createBench();
    exercise(bench);
    const offered = [
      ...Object.keys(bench.instance).map((key) => `instance.${key}`),
      ...Object.keys(bench.instance.plug).map((key) => `plug.${key}`),
      ...bench.read,
    ];
    const known = [...new Set([...Object.values(HERE), ...NOT_COUNTED])];
    expect([...new Set(offered)].toSorted()).toEqual(known.toSorted());
  });

  test('cost/not-counted: the events left out do nothing', () => {
    const { instance, consumer, source, calls } = createBench();
    instance.attachSource(block, source);
    instance.plug.plugged(source, range);
    instance.convert({ pages: range, gfns: { firstGfn: 0, endGfn: 4 } }, 'shared');
    instance.subscribe(consumer, section);
    const before = calls.length;
    instance.plug.plugAborted(source, range);
    instance.plug.discarded(source, range);
    instance.plug.discardedAll(source, range);
    const runs: string[] = [];
    instance.runs(block, 'dma', 0, 8, (first, end) => (runs.push(`${first}-${end}`), 0));
    expect([calls.slice(before), runs]).toEqual([[], ['0-4']]);
  });

  test('cost/changed: what changed was there before and is there now', () => {
    const there = (member: string): boolean => STOCK_MEMBERS.includes(member) && interfaceMembers.includes(member);
    expect(changedMembers.filter((member) => !there(member))).toEqual([]);
  });

  test('cost/state: the bits it keeps per page', () => {
    expect(stateBits).toEqual({ perPage: ['shared', 'plugged'], perFollower: ['mapped'], asked: [] });
  });
});
