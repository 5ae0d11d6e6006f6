// SPDX-License-Identifier: MIT
/**
 * virtio-mem beside conversions: blocks are plugged, shared in part, unplugged, plugged again, and all is reset. After
 * each step the device must be mapped exactly where plugged AND shared.
 */
import { parseHistory, printHistory, printOperation, World } from '@sda-lab/conformance';
import { pagesOf } from '../pages-of.ts';
import type { Place } from '../places.ts';
import type { VirtioMemStory } from '../scenario-schemas.ts';

/** Positions 4 to 19 are the device's four blocks. */
const LAYOUT = 'pages=4, vmem=4x4';
const FIRST_DEVICE_PAGE = 4;
const STORY = 'plug(m0,0+2); convert(6+4,shared); unplug(m0,0+1); plug(m0,0+1); convert(5+2,private); reset; plug(m0,0+1)';

export function runVirtioMem(places: readonly Place[]): VirtioMemStory {
  const plain = parseHistory(`world(${LAYOUT}); attach(c0); ${STORY}`);
  return {
    history: printHistory(plain),
    operations: plain.operations.slice(1).map(printOperation),
    rows: places.map(({ strategy, backend, regime }) => {
      const history = parseHistory(`world(regime=${regime}, containers=c0:${backend}, ${LAYOUT}); attach(c0); ${STORY}`);
      const world = new World(history.world, strategy);
      const takesDevice = world.devices.length > 0;
      const [attach, ...story] = history.operations;
      world.apply(attach!);
      const steps = story.map((operation) => {
        const answer = world.apply(operation);
        const { mapped, due } = pagesOf(world, 0, FIRST_DEVICE_PAGE);
        return { answer, mapped: mapped.length, due: due.length };
      });
      return { id: strategy.id, backend, regime, takesDevice, steps: takesDevice ? steps : [] };
    }),
  };
}
