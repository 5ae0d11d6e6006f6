// SPDX-License-Identifier: MIT
/**
 * What the tests of a strategy use: the suite, one line for all of it, and the steps below it for facts of one design.
 * Vitest is the caller's; nothing outside this entry imports it.
 */
export { createSource } from './vitest/create-source.ts';
export { describeConformance } from './vitest/describe-conformance.ts';
export { describeFollowerWords, type FollowerLayout } from './vitest/describe-follower-words.ts';
export { describeSlotsAndLoads } from './vitest/describe-slots-and-loads.ts';
export { findHoldingBreach } from './vitest/find-holding-breach.ts';
export { findWordsBreach } from './vitest/find-words-breach.ts';
export { HoldingGuest } from './vitest/holding-guest.ts';
export { mappedGfns } from './vitest/mapped-gfns.ts';
export { maskingWords } from './vitest/masking-words.ts';
export { eventsSince, lastEvents, type Replay, replay } from './vitest/replay.ts';
export { runsOf } from './vitest/runs-of.ts';
export { createSmallCast, type SmallCast } from './vitest/small-cast.ts';
export { SmallGuest, type SmallGuestOptions } from './vitest/small-guest.ts';
export { storedWords } from './vitest/stored-words.ts';
export { unorderingWords } from './vitest/unordering-words.ts';
export { WordsGuest } from './vitest/words-guest.ts';
