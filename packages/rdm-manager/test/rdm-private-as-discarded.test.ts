// SPDX-License-Identifier: MIT
/* The July 2024 series as posted (20240725072118.358923-1, patches 1 to 6). Page 0x10 is guest address 0x10000. */
import { parseHistory, runHistory } from '@sda-lab/conformance';
import { lastEvents, mappedGfns, replay, runsOf } from '@sda-lab/conformance/vitest';
import type { RamBlock } from '@sda-lab/guest-memory';
import { rdmPrivateAsDiscarded } from '@sda-lab/rdm-manager';
import { describe, expect, test } from 'vitest';

const TWO = 'world(containers=c0:type1v2,c1:type1v2, pages=64); attach(c0); attach(c1)';

describe('rdm-private-as-discarded, event by event', () => {
  test('rfc/refused: listeners told earlier are rolled back, and the result is ignored', () => {
    const { world, answers, events } = replay(rdmPrivateAsDiscarded, `${TWO}; refuse(c0,map,3,ENOMEM); convert(16+4,shared)`);
    expect(events.at(-1)).toEqual([
      'KVM attributes gfn [0x10, 0x14) shared',
      'map c1 gfn [0x10, 0x14) (4 calls of 1)',
      'map c0 gfn [0x10, 0x14) (4 calls of 1, 2 of 4 made) -> -ENOMEM',
      'unmap c0 gfn [0x10, 0x14) [rollback]',
      'unmap c1 gfn [0x10, 0x14)',
      'discard private side of ram [0x10, 0x14)',
    ]);
    const [ram] = world.memory.blocks as [RamBlock];
    expect([answers.at(-1), world.wasStopped]).toEqual(['0', false]);
    // The bitmap is not written after a veto: a later device is not told either, but a retry is.
    expect([runsOf(world, ram, 'dma'), mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[], [], []]);
  });

  test('rfc/refused-is-live: a refused map reports success, live', () => {
    const line = 'attach(c0); refuse(c0,map,1,ENOMEM); convert(0+1,shared)';
    const { violations } = runHistory(rdmPrivateAsDiscarded, parseHistory(line));
    const found = violations.map(({ invariant, reach }) => `${invariant} ${reach}`);
    expect(found).toEqual(expect.arrayContaining(['complete live', 'atomic live']));
  });

  test('rfc/retry: the request repeated after the fault maps at last', () => {
    const { world, events } = replay(
      rdmPrivateAsDiscarded,
      `${TWO}; refuse(c0,map,3,ENOMEM); convert(16+4,shared); heal; convert(16+4,shared)`,
    );
    expect(events.at(-1)).toHaveLength(4);
    expect([mappedGfns(world, 0), mappedGfns(world, 1)]).toEqual([[16, 17, 18, 19], [16, 17, 18, 19]]);
  });

  test('rfc/mixture: a mixed range walks its runs, neighbours joined', () => {
    const line = 'world(pages=64); attach(c0); convert(16+1,shared); convert(18+2,shared); convert(16+4,private)';
    expect(lastEvents(rdmPrivateAsDiscarded, line)).toEqual([
      'KVM attributes gfn [0x10, 0x14) private',
      'unmap c0 gfn [0x10, 0x11)',
      'unmap c0 gfn [0x12, 0x14)',
      'discard shared side of ram [0x10, 0x14)',
    ]);
  });

  test('rfc/redundant: a redundant request tells nobody', () => {
    expect(lastEvents(rdmPrivateAsDiscarded, 'attach(c0); convert(0+2,shared); convert(0+2,shared)')).toEqual([
      'KVM attributes gfn [0x0, 0x2) shared',
      'discard private side of ram [0x0, 0x2)',
    ]);
  });

  test('rfc/replay-refused: a refused replay at hotplug is printed only, and the attach succeeds', () => {
    const line = 'world(limit=2); convert(0+3,shared); attach(c0)';
    const { world, answers } = replay(rdmPrivateAsDiscarded, line);
    expect([answers.at(-1), mappedGfns(world)]).toEqual(['0', []]);
    const { violations } = runHistory(rdmPrivateAsDiscarded, parseHistory(line));
    expect(violations.map(({ invariant, reach }) => `${invariant} ${reach}`)).toContain('complete live');
  });
});
