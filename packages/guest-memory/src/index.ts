// SPDX-License-Identifier: MIT
export { AddressSpace } from './address-space.ts';
export { assert, AssertionFailure } from './assert.ts';
export { clearRuns, discardOther, type Holders, type IsAllPrivate, type PageRun, setRuns, switchSide, takeBack } from './conversion-steps.ts';
export { convertMemory } from './convert-memory.ts';
export { convertPages } from './convert-pages.ts';
export { DiscardCoordination } from './discard-coordination.ts';
export { Followers } from './followers.ts';
export { FrameTable } from './frame-table.ts';
export type { GfnRange } from './gfn-range.ts';
export { GuestMemory, guestMemfdHostPage, type GuestMemoryOptions, type MemoryObserver } from './guest-memory.ts';
export { lockedInstance } from './locked-instance.ts';
export { otherSide, PAGE_BYTES, type Side } from './page.ts';
export type { Consumer } from './ports/consumer.ts';
export { CostMeter } from './ports/cost-meter.ts';
export type { Host, Lock, Regime } from './ports/host.ts';
export type { ConversionRequest, EmitRun, Instance, View } from './ports/instance.ts';
export type { ForEachPluggedRun, PlugEvents, PlugSource } from './ports/plug.ts';
export type {
  Addition,
  Capabilities,
  ChangedUser,
  DesignCost,
  ListenerProfile,
  StateBits,
  Strategy,
} from './ports/strategy.ts';
export type { Cast, Words } from './ports/words.ts';
export { isManaged, type PageRange, type RamBlock } from './ram-block.ts';
export { AWAY, EXACT_TRACKING, FOLLOWING, LEFT_OVER, SectionTracker, type Standing, type TrackerOptions } from './section-tracker.ts';
export { NO_PLUG_EVENTS } from './no-plug-events.ts';
export { intersectSection, type Section } from './section.ts';
export { ERRNO, type ErrnoName, type Status, statusText } from './status.ts';
export { type Told, tellOrder } from './tell-order.ts';
export { ExactIdentities } from './storage/exact-identities.ts';
export { ExactMarks } from './storage/exact-marks.ts';
export { createPageNumbers, leafPagesOf, type NumberKind, type PageNumbers, type PageStorage, type SmallLeaves } from './storage/page-numbers.ts';
export { RunFrameTable } from './storage/run-frame-table.ts';
export { RunNumbers } from './storage/run-numbers.ts';
export type { UserMemory } from './user-memory.ts';
export { DesignWords } from './words/design-words.ts';
export { type FollowedBlock, FollowerWords } from './words/follower-words.ts';
export { WalkedList, type WalkedListOptions } from './walked-list.ts';
export { FRAME_REF_BITS, FrameNames } from './words/frame-names.ts';
export { type OrderedList, PLACE_BITS, PlaceWords } from './words/place-words.ts';
export { firstConfusion, firstLoss, type Journey, type WordsSubject } from './words/words-laws.ts';
export { type WorldParts, WorldWords } from './words/world-words.ts';
