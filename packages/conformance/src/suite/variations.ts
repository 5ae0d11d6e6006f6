// SPDX-License-Identifier: MIT
/**
 * The worlds a case runs in: no container, one, two, one that refuses at its k-th call; attached before and after; with
 * and without virtio-mem beside it; stopping and retrying VMMs. All of one backend and one regime.
 */
import type { Regime } from '@sda-lab/guest-memory';
import type { History } from '../history/history.ts';
import { parseHistory } from '../history/parse-history.ts';
import type { WorldBackend } from '../world/world-spec.ts';
import type { ConformanceCase } from './conformance-case.ts';

export interface Variation {
  readonly history: History;
  /** Whether the case's own answers hold in it: nothing was refused by the suite. */
  readonly checksAnswers: boolean;
  /** Operations the suite put before the case's own. */
  readonly leadCount: number;
}

interface SetUp {
  readonly containerCount: number;
  readonly lead: string;
  readonly tail: string;
  readonly checksAnswers: boolean;
}

const setUp = (containerCount: number, lead: string, tail: string, checksAnswers = true): SetUp => ({
  containerCount,
  lead,
  tail,
  checksAnswers,
});

const refusing = (fault: string): SetUp => setUp(2, `attach(c0); attach(c1); ${fault}`, 'heal', false);

const SPREAD: readonly SetUp[] = [
  setUp(0, '', ''),
  setUp(1, 'attach(c0)', ''),
  setUp(1, '', 'attach(c0)'),
  setUp(2, 'attach(c0); attach(c1)', ''),
  setUp(2, 'attach(c0)', 'attach(c1)'),
  setUp(2, 'attach(c0)', 'attach(c1); detach(c0); detach(c1)'),
  refusing('refuse(c0,map,1,ENOMEM)'),
  refusing('refuse(c1,map,2,ENOSPC)'),
  refusing('refuse(c0,map,5,ENOMEM)'),
  refusing('refuse(c0,unmap,1,EBUSY)'),
];

const NONE_ONLY: readonly SetUp[] = [setUp(0, '', '')];

export function variationsOf(
  testCase: ConformanceCase,
  backend: WorldBackend,
  regime: Regime,
  has: { readonly virtioMem: boolean; readonly assignment: boolean },
): Variation[] {
  const setUps =
    testCase.setUp === 'as-written'
      ? [setUp(testCase.containerCount, '', '')]
      : has.assignment
        ? SPREAD
        : NONE_ONLY;
  const worlds = [testCase.world];
  if (has.virtioMem && !testCase.world.includes('vmem') && !testCase.world.includes('limit')) {
    worlds.push(join([testCase.world, 'vmem=2x2'], ', '));
  }
  return setUps.flatMap((chosen) =>
    worlds.flatMap((world) =>
      ['stop', 'retry'].map((onRefusal) => buildVariation(testCase, chosen, { backend, regime, world, onRefusal })),
    ),
  );
}

function buildVariation(
  testCase: ConformanceCase,
  chosen: SetUp,
  { backend, regime, world, onRefusal }: { backend: string; regime: string; world: string; onRefusal: string },
): Variation {
  const given = testCase.containers.length > 0 ? testCase.containers : Array.from({ length: chosen.containerCount }, () => '*');
  const names = given.map((container, at) => `c${at}:${container.replace('*', backend)}`);
  const containers = `containers=${names.length === 0 ? 'none' : names.join(',')}`;
  const head = `world(${join([`regime=${regime}`, containers, world, `onRefusal=${onRefusal}`], ', ')})`;
  const history = parseHistory(join([head, chosen.lead, testCase.operations, chosen.tail], '; '));
  const leadCount = chosen.lead === '' ? 0 : chosen.lead.split(';').length;
  return { history, checksAnswers: chosen.checksAnswers && testCase.answersOn.includes(backend as WorldBackend), leadCount };
}

function join(parts: readonly string[], separator: string): string {
  return parts.filter((part) => part !== '').join(separator);
}
