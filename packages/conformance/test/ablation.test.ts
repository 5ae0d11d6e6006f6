// SPDX-License-Identifier: MIT
import type { Strategy } from '@sda-lab/guest-memory';
import { describe, expect, test } from 'vitest';
import { parseHistory, runAblation, runHistory } from '../src/index.ts';
import { reference } from './strategies/reference.ts';
import { dropsPrivate } from './strategies/state-faults.ts';

/**
 * The reference with three switches: one says what it guards, one is wrong about it, one does nothing. It takes no
 * device: a switch that nobody notices costs every case and every run, and so there are fewer of both.
 */
const switched: Strategy = {
  ...reference,
  id: 'switched',
  discardRequirement: 'require',
  capabilities: { ...reference.capabilities, assignment: false },
  additions: [
    { id: 'private-view', guards: 'consumers-see', what: 'dump sees private pages' },
    { id: 'same-again', guards: 'rights', what: 'dump sees private pages' },
    { id: 'polish', guards: 'bounded', what: 'nothing anybody can see' },
  ],
  create: (host, without) => {
    const isWrong = without.has('private-view') || without.has('same-again');
    return (isWrong ? dropsPrivate : reference).create(host, new Set());
  },
};

describe('the ablation', () => {
  const progress: string[] = [];
  const rows = runAblation([switched], { runs: 40, onProgress: (done, of) => progress.push(`${done}/${of}`) });

  test('has one row per switch, in order, and tells how far it is', () => {
    expect(rows.map(({ id, without }) => `${id} ${without}`)).toEqual(['switched private-view', 'switched same-again', 'switched polish']);
    expect(progress).toEqual(['1/3', '2/3', '3/3']);
  });

  test('names the invariant that falls as the design says, with a history that replays', () => {
    const { falls, guards, alsoFalls } = rows[0]!;
    expect([guards, falls!.invariant, alsoFalls]).toEqual(['consumers-see', 'consumers-see', []]);
    const history = parseHistory(falls!.history);
    const without = new Set(['private-view']);
    expect(runHistory(switched, history, { without }).violations.map(({ invariant }) => invariant)).toEqual(['consumers-see']);
    expect(runHistory(switched, history).violations).toEqual([]);
  });

  test('names another invariant when the one the design claims holds', () => {
    const { falls, guards, alsoFalls } = rows[1]!;
    expect([guards, falls!.invariant, alsoFalls]).toEqual(['rights', 'consumers-see', []]);
  });

  test('says so when nothing falls', () => {
    expect(rows[2]).toMatchObject({ without: 'polish', falls: undefined, alsoFalls: [] });
  });
});
