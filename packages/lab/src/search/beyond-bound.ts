// SPDX-License-Identifier: MIT
/**
 * What is expected to be broken on the kernel interfaces and lies outside the standard bound, each with a shortest
 * history. Where it lies is worked out from the history (why-beyond.ts). A test replays them all; that no search finds
 * what is listed here shows in its comparison with the expectations.
 */
import type { Invariant, Reach } from '@sda-lab/conformance';
import type { Regime } from '@sda-lab/guest-memory';

export interface BeyondBound {
  readonly strategy: string;
  readonly regime: Regime;
  readonly invariant: Invariant;
  readonly reach: Reach;
  readonly history: string;
}

const IS_PRIVATE = ['rdm-private-as-discarded', 'extended-rdm-as-posted'];
const UPSTREAM = [...IS_PRIVATE, 'keep-shared-as-posted', 'ram-block-attributes', 'multi-source-rdm'];
const REFUSE_ON = [...IS_PRIVATE, 'keep-shared-as-posted'];

export const BEYOND_BOUND: readonly BeyondBound[] = [
  // A request in bytes goes over the end of its section, or past its block.
  ...of(UPSTREAM, 'coordinated', 'live', 'world(pages=2); request(0x0+0x2000,shared)'),
  ...of(REFUSE_ON, 'atomic', 'latent', 'world(pages=2); request(0x100000000+0x2000,shared)'),
  ...of(REFUSE_ON, 'progress', 'latent', 'world(pages=2); request(0x100000000+0x2000,shared)'),
  ...of(REFUSE_ON, 'progress', 'live', 'world(pages=2, onRefusal=retry); request(0x100000000+0x2000,shared)'),
  ...of(['keep-shared-as-posted'], 'atomic', 'live', 'world(pages=2, onRefusal=retry); request(0x100000000+0x2000,shared)'),
  ...of(IS_PRIVATE, 'complete', 'latent', 'world(pages=2); attach(c0); request(0x100000000+0x2000,shared)'),
  ...of(IS_PRIVATE, 'bounded', 'latent', 'world(pages=2); attach(c0); convert(1+1,shared); request(0x100000000+0x2000,private)'),
  ...of(['ram-block-attributes'], 'complete', 'live', 'world(pages=2); attach(c0); convert(0+2,shared); request(0x0+0x2000,private)'),

  // The VMM hands refusals to the guest: what a search finds behind a stopped VM, as latent, is live then.
  ...of(['dma-mapping-tracker'], 'complete', 'live', 'world(pages=1, onRefusal=retry); attach(c0); refuse(c0,map,1,ENOMEM,once); convert(0+1,shared)'),
  ...of(['dma-mapping-tracker'], 'atomic', 'live', 'world(pages=1, onRefusal=retry); attach(c0); refuse(c0,map,1,ENOMEM,once); convert(0+1,shared)'),
  ...of(
    ['dma-mapping-tracker'],
    'legal-calls',
    'live',
    'world(containers=c0:iommufd, pages=1, onRefusal=retry); attach(c0); refuse(c0,map,1,ENOMEM,once); convert(0+1,shared); convert(0+1,private)',
  ),
  ...of(['ram-block-attributes'], 'atomic', 'live', 'world(pages=1, onRefusal=retry); attach(c0); refuse(c0,map,1,ENOMEM,once); convert(0+1,shared)'),
  ...of(
    ['ram-block-attributes'],
    'coherent',
    'live',
    'world(pages=1, onRefusal=retry); attach(c0); refuse(c0,unmap,1,EBUSY); convert(0+1,shared); convert(0+1,private); convert(0+1,shared)',
  ),
  ...of(
    ['ram-block-attributes'],
    'progress',
    'live',
    'world(pages=5, onRefusal=retry); attach(c0); refuse(c0,unmap,1,EBUSY,once); convert(0+3,shared); convert(0+2,private); convert(0+3,shared)',
  ),

  ...of(['dma-mapping-tracker'], 'bounded', 'live', 'world(pages=2, hugetlb=2); convert(0+1,shared); touch(0); convert(0+1,private); touch(0)'),
  ...of(IS_PRIVATE, 'nonfatal', 'live', 'world(containers=c0:type1v2/2, pages=1); attach(c0)'),

  // The kernel refuses whatever the guest repeats: that is told when the guest has nothing else to do.
  ...of(['uncoordinated'], 'progress', 'live', 'world(regime=in-place, pages=1); convert(0+1,shared); attach(c0); convert(0+1,private)', 'in-place'),
];

function of(strategies: readonly string[], invariant: Invariant, reach: Reach, history: string, regime: Regime = 'two-backend'): BeyondBound[] {
  return strategies.map((strategy) => ({ strategy, regime, invariant, reach, history }));
}
