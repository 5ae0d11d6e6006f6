// SPDX-License-Identifier: MIT
/* What notifier-list says it asks of QEMU, held against its code: each new member by its name there, none left out. */
import { EXACT_TRACKING, SectionTracker, type Consumer, type Host, type RamBlock, type Section } from '@sda-lab/guest-memory';
import { notifierList } from '@sda-lab/notifier-list';
import { RamDiscardManager, STOCK_MEMBERS } from '@sda-lab/rdm-manager/stock';
import { describe, expect, test } from 'vitest';
import { BlockState } from '../src/block-state.ts';
import { Follower } from '../src/follower.ts';
import { NotifierListDesign } from '../src/notifier-list.ts';

/** QEMU's name for a new member, and the one it has here. */
const HERE: Readonly<Record<string, string>> = {
  'RamDiscardManager.join': 'manager.join',
  'RamDiscardManager.leave': 'manager.leave',
  'ConversionNotifier.converting': 'lists.converting',
  'ConversionNotifier.unplugging': 'lists.unplugging',
  'ConversionNotifier.aborted': 'lists.aborted',
  'ConversionNotifier.other_side': 'lists.otherSide',
  'ConversionNotifier.on_change': 'follower.onChange',
  'ConversionNotifier.on_aborted': 'follower.onAborted',
  'ConversionNotifier.replay_shared': 'instance.runs',
  'ConversionNotifier.state_change': 'instance.convert',
  'ConversionNotifier.reset': 'instance.reset',
  'ConversionNotifier.slot_added': 'plug.slotAdded',
};
/**
 * Making the object; what only a search asks for; coming and going, which are add and remove of the lists; virtio-mem's own manager coming, going and
 * being told; and what virtio-mem announces, which is the list `unplugging`.
 */
const NOT_COUNTED = [
  'instance.addBlock', 'instance.removeBlock', 'instance.plug', 'instance.words', 'instance.subscribe', 'instance.unsubscribe',
  'instance.attachSource', 'instance.detachSource',
  'plug.willPlug', 'plug.plugAborted', 'plug.plugged', 'plug.discarded', 'plug.discardedAll', 'plug.unplugged', 'plug.loaded',
  'plug.willUnplug', 'plug.willUnplugAll', 'plug.unplugAborted',
];

const block: RamBlock = { name: 'ram', pageCount: 8, hostFirstPage: 0, hasGuestMemfd: true };
const section: Section = { name: 'ram', block, firstPage: 0, pageCount: 8, firstGfn: 0, readonly: false };
const host: Host = { regime: 'two-backend', isDiscardDisabled: false, setAttributes: () => 0, convertInPlace: () => 0, discard: () => 0, lock: () => true, unlock: () => undefined, exit: () => undefined };
const consumer: Consumer = { name: 'c0', sides: 'shared', smallestPages: 1, unmapShape: 'range', done: 0, mapRun: () => 0, unmapRun: () => 0 };

/** Members of the stock manager beyond what QEMU has; its words are for a search. */
function newOfManager(): string[] {
  const stock = ['constructor', 'words', 'block', 'owner', 'listenerCount', 'register', 'unregister', 'notifyPopulate', 'notifyDiscard', 'notifyDiscardAll', 'replayPopulated', 'runs'];
  const members = Object.getOwnPropertyNames(RamDiscardManager.prototype);
  return members.filter((member) => !stock.includes(member)).map((member) => `manager.${member}`);
}

describe('the cost of notifier-list', () => {
  const { interfaceMembers, changedMembers, stateBits } = notifierList.cost;

  test('cost/stock: the stock manager stays as it is, for virtio-mem', () => {
    expect(interfaceMembers.slice(0, STOCK_MEMBERS.length)).toEqual(STOCK_MEMBERS);
    expect(changedMembers).toEqual([]);
  });

  test('cost/members: each new one stands for a member of the code, and none is missing', () => {
    expect(interfaceMembers.slice(STOCK_MEMBERS.length).toSorted()).toEqual(Object.keys(HERE).toSorted());
    const design = new NotifierListDesign(host, () => true);
    const instance = design.instance();
    const tracker = new SectionTracker(consumer, section);
    const follower = new Follower(new BlockState(block, EXACT_TRACKING), tracker, { askPlugged: true, askShared: true });
    expect(follower.tracker).toBeInstanceOf(SectionTracker);
    const offered = [
      ...newOfManager(),
      ...Object.keys(design.notifier).map((key) => `lists.${key}`),
      ...Object.keys(follower).filter((key) => key !== 'tracker').map((key) => `follower.${key}`),
      ...Object.keys(instance).map((key) => `instance.${key}`),
      ...Object.keys(instance.plug).map((key) => `plug.${key}`),
    ];
    expect(offered.toSorted()).toEqual([...Object.values(HERE), ...NOT_COUNTED].toSorted());
  });

  test('cost/not-counted: nobody but the lists is told of an unplug before RAM is discarded', () => {
    const design = new NotifierListDesign(host, () => true);
    const { notifier } = design;
    const instance = design.instance();
    instance.addBlock(block);
    const source = { name: 'm0', granulePages: 4, isPlugged: () => true };
    instance.attachSource(block, source);
    const heard: string[] = [];
    notifier.unplugging.add(() => (heard.push('unplugging'), -16));
    notifier.aborted.add(() => void heard.push('aborted'));
    expect([instance.plug.willUnplug(source, { block, firstPage: 0, endPage: 4 }), heard]).toEqual([-16, ['unplugging', 'aborted']]);
  });

  test('cost/state: the bits it keeps per page', () => {
    expect(stateBits).toMatchObject({ perPage: ['shared'], perFollower: ['mapped'] });
  });
});
