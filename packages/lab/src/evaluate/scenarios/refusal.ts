// SPDX-License-Identifier: MIT
/**
 * One of two containers refuses a sharing, the one that is told last, when the other has mapped its part. The VMM stops the VM or hands the error to the guest, which repeats the
 * request once the fault is gone. Whoever reports success must have mapped the pages in both.
 */
import { parseHistory, printHistory, World } from '@sda-lab/conformance';
import { pagesOf } from '../pages-of.ts';
import type { Place } from '../places.ts';
import type { Refusal } from '../scenario-schemas.ts';

const STORY = 'attach(c0); attach(c1); refuse(c0,map,2,ENOSPC); convert(0+3,shared); heal';
const CONVERT_AT = 3;
const HEAL_AT = 4;

export function runRefusal(places: readonly Place[]): Refusal {
  const choices = ['stop', 'retry'] as const;
  return {
    history: printHistory(parseHistory(`world(containers=c0:type1v2,c1:type1v2, onRefusal=retry); ${STORY}`)),
    rows: places.flatMap((place) => choices.map((onRefusal) => runOne(place, onRefusal))),
  };
}

function runOne({ strategy, backend, regime }: Place, onRefusal: 'stop' | 'retry'): Refusal['rows'][number] {
  const containers = `c0:${backend},c1:${backend}`;
  const history = parseHistory(`world(regime=${regime}, containers=${containers}, onRefusal=${onRefusal}); ${STORY}`);
  const world = new World(history.world, strategy);
  const answers = history.operations.map((operation) => world.apply(operation));
  const refusing = pagesOf(world, 0);
  const agreeing = pagesOf(world, 1);
  return {
    id: strategy.id,
    backend,
    regime,
    onRefusal,
    answer: answers[CONVERT_AT]!,
    stopped: world.wasStopped,
    healed: answers[HEAL_AT]!,
    mappedInAgreeing: agreeing.mapped.length,
    mappedInRefusing: refusing.mapped.length,
    due: agreeing.due.length,
    broken: world.judge.violations.map(({ invariant, reach }) => ({ invariant, reach })),
  };
}
