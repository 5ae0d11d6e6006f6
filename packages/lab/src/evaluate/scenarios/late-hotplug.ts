// SPDX-License-Identifier: MIT
/**
 * Late hotplug equals early: the same conversions, with the device attached before them or after them. At the end both
 * containers must map the same pages, and exactly the shared ones.
 */
import { parseHistory, printHistory, World } from '@sda-lab/conformance';
import { pageRuns, pagesOf, type PageSets } from '../pages-of.ts';
import type { Place } from '../places.ts';
import type { LateHotplug } from '../scenario-schemas.ts';

const CONVERSIONS = 'convert(1+4,shared); touch(2); convert(2+2,private); touch(3); convert(6+1,shared)';
const EARLY = `attach(c0); ${CONVERSIONS}`;
const LATE = `${CONVERSIONS}; attach(c0)`;

export function runLateHotplug(places: readonly Place[]): LateHotplug {
  return {
    early: printHistory(parseHistory(EARLY)),
    late: printHistory(parseHistory(LATE)),
    rows: places.map((place) => {
      const early = endOf(place, EARLY);
      const late = endOf(place, LATE);
      const { strategy, backend, regime } = place;
      const mappedEarly = pageRuns(early.mapped);
      const mappedLate = pageRuns(late.mapped);
      return {
        id: strategy.id,
        backend,
        regime,
        attachedEarly: early.attached,
        attachedLate: late.attached,
        mappedEarly,
        mappedLate,
        due: pageRuns(late.due),
        isSame: mappedEarly === mappedLate,
      };
    }),
  };
}

function endOf({ strategy, backend, regime }: Place, operations: string): PageSets & { readonly attached: string } {
  const history = parseHistory(`world(regime=${regime}, containers=c0:${backend}); ${operations}`);
  const world = new World(history.world, strategy);
  let attached = '';
  for (const operation of history.operations) {
    const answer = world.apply(operation);
    if (operation.op === 'attach') attached = answer;
  }
  return { attached, ...pagesOf(world, 0) };
}
