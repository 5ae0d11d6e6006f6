// SPDX-License-Identifier: MIT
import { type AblationRow, CASES, KERNEL_BACKENDS, runAblation, runConformance } from '@sda-lab/conformance';
import { describeConformance } from '@sda-lab/conformance/vitest';
import { notifierList } from '@sda-lab/notifier-list';
import { beforeAll, describe, expect, test } from 'vitest';

// The other five backends are run by lab's conform tests.
describeConformance(notifierList, { backends: KERNEL_BACKENDS, runs: 400 });

describe('notifier-list without one of its additions', () => {
  let rows: readonly AblationRow[] = [];
  beforeAll(() => {
    rows = runAblation([notifierList]);
  });

  test.each(notifierList.additions.map(({ id, guards }) => [id, guards] as const))(
    'ablation/%s: %s falls, in a history that can be replayed',
    (id, guards) => {
      const falls = rows.find(({ without }) => without === id)?.falls;
      expect(falls).toMatchObject({ invariant: guards });
      expect(falls?.history).toMatch(/^world\(.*\); /);
    },
  );

  test('ablation/names: the switches are distinct words, each with one line about it', () => {
    const ids = notifierList.additions.map(({ id }) => id);
    expect([new Set(ids).size, ids.filter((id) => !/^[a-z]+(-[a-z]+)*$/.test(id))]).toEqual([ids.length, []]);
    expect(notifierList.additions.filter(({ what }) => what === '' || what.includes('\n'))).toEqual([]);
    expect(rows.map(({ without }) => without)).toEqual(ids);
  });

  test('ablation/unknown: a switch that does not exist is refused, and the known ones are named', () => {
    const run = (): unknown => runConformance(notifierList, { without: new Set(['veto']), cases: CASES.slice(0, 1), runs: 0 });
    expect(run).toThrow(RangeError);
    expect(run).toThrow(notifierList.additions.map(({ id }) => id).join(', '));
  });
});
