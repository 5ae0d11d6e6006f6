// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type History,
  historyFromJsonLines,
  historyToJsonLines,
  operationSchema,
  parseHistory,
  printHistory,
  randomHistory,
  runHistory,
  type RunResult,
  uncoordinated,
  WORLD_BACKENDS,
} from '../src/index.ts';
import { keepsTheSide } from './strategies/conversion-faults.ts';
import { neverUnmaps } from './strategies/mapping-faults.ts';
import { reference } from './strategies/reference.ts';
import { anyHistory } from './support/arbitraries.ts';
import { settings } from './support/settings.ts';

const REGIMES: readonly Regime[] = ['two-backend', 'in-place'];

function replay(strategy: Strategy, history: History): Omit<RunResult, 'witnesses'> {
  const { witnesses: _witnesses, ...seen } = runHistory(strategy, history, { record: true });
  return seen;
}

describe('the text form', () => {
  test('any history printed and parsed is the same history', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        expect(parseHistory(printHistory(history))).toEqual(history);
      }),
      settings(500),
    );
  });

  test('printing what was parsed gives the printed line again', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const line = printHistory(history);
        expect(printHistory(parseHistory(line))).toBe(line);
        expect(line).not.toContain('\n');
      }),
      settings(200),
    );
  });

  test('any history replayed from its line goes as it went: steps, events, violations, cost', () => {
    for (const strategy of [reference, neverUnmaps, keepsTheSide, uncoordinated]) {
      for (const regime of REGIMES) {
        const histories = fc.oneof(...WORLD_BACKENDS.map((backend) => randomHistory(strategy, backend, regime)));
        fc.assert(
          fc.property(histories, (history) => {
            expect(replay(strategy, parseHistory(printHistory(history)))).toEqual(replay(strategy, history));
          }),
          settings(60),
        );
      }
    }
  });

  test('a world that mixes backends replays likewise', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        expect(replay(reference, parseHistory(printHistory(history)))).toEqual(replay(reference, history));
      }),
      settings(150),
    );
  });

  test('spaces, line breaks and a missing world do not matter', () => {
    const plain = parseHistory('world(); attach(c0); convert(0+1,shared); touch(0)');
    for (const text of [
      'attach(c0);convert(0+1,shared);touch(0)',
      '  world( ) ; attach( c0 ) ;\n convert( 0 + 1 , shared ) ; touch( 0 ) ; ',
      'world(pages=8, containers=c0:type1v2, tee=none); attach(c0); convert(0+1,shared); touch(0);',
    ]) {
      expect(parseHistory(text)).toEqual(plain);
    }
  });

  test('defaults are left out and everything else is printed in one order', () => {
    expect(printHistory(parseHistory('touch(0)'))).toBe('world(); touch(0)');
    const line =
      'world(regime=in-place, containers=c0:type1v2,c1:iommufd, pages=4, vmem=2x4,1x1, onRefusal=retry, tee=snp, limit=7); dump';
    expect(printHistory(parseHistory(line))).toBe(line);
    expect(printHistory(parseHistory('world(containers=none); dump'))).toBe('world(containers=none); dump');
  });
});

describe('JSON Lines', () => {
  test('any history written and read is the same history', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        expect(historyFromJsonLines(historyToJsonLines(history))).toEqual(history);
      }),
      settings(300),
    );
  });

  test('the first line names the schema and the world, each other line is one operation', () => {
    const lines = historyToJsonLines(parseHistory('world(pages=2); attach(c0); convert(0+1,shared)')).split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ schema: 'sda-lab/history@1', world: { pages: 2, regime: 'two-backend' } });
    expect(lines.slice(1)).toEqual([
      '{"op":"attach","container":"c0"}',
      '{"op":"convert","page":0,"count":1,"to":"shared"}',
      '',
    ]);
  });

  test('a head without a world, blank lines and defaults left out are read as the text form reads them', () => {
    const text = '\n{"schema":"sda-lab/history@1"}\n\n{"op":"touch","page":0}\n';
    expect(historyFromJsonLines(text)).toEqual(parseHistory('touch(0)'));
    const withPages = '{"schema":"sda-lab/history@1","world":{"pages":2}}\n{"op":"dump"}\n';
    expect(historyFromJsonLines(withPages)).toEqual(parseHistory('world(pages=2); dump'));
  });
});

test('every operation of the schema has a text form', () => {
  const drawn = new Set(fc.sample(anyHistory, { seed: 1, numRuns: 400 }).flatMap(({ operations }) => operations.map(({ op }) => op)));
  expect([...drawn].toSorted()).toEqual(operationSchema.options.map(({ entries }) => entries.op.literal).toSorted());
});
