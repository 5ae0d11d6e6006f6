// SPDX-License-Identifier: MIT
import type { Reach } from '../../judge/invariant.ts';
import { lookThrough } from '../../judge/look-through.ts';
import type { Machine } from '../machine.ts';
import type { Answer } from './answer.ts';

export function dump(machine: Machine): Answer {
  return look(machine, 'dump', 'live');
}

export function migrate(machine: Machine, step: 'start' | 'finish'): Answer {
  machine.isMigrating = step === 'start';
  // Migration of confidential guests is blocked upstream.
  return step === 'start' ? look(machine, 'migrate', 'latent') : '0';
}

function look(machine: Machine, view: 'dump' | 'migrate', reach: Reach): Answer {
  const { memory, layout, instance, judge } = machine;
  machine.begin('other', []);
  const { shownCount, difference } = lookThrough(memory, layout, instance, judge, view);
  if (difference !== undefined) judge.report('consumers-see', difference, reach);
  judge.end('succeeded');
  return `0, ${shownCount} pages`;
}
