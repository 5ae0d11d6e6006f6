// SPDX-License-Identifier: MIT
/**
 * What each strategy is expected to do, as data: one row says what a strategy does in a regime on a backend (or `*`)
 * about an invariant (or `*`, the cell as a whole). A cell equals its expectation when its outcome does, and when the
 * invariants found broken, with their reach, are exactly those the rows name.
 */
import * as v from 'valibot';
import { INVARIANTS } from '../judge/invariant.ts';
import type { ConformanceReport } from '../suite/run-conformance.ts';
import { WORLD_BACKENDS } from '../world/world-spec.ts';

export const EXPECTATIONS_SCHEMA_ID = 'sda-lab/expectations@1';

const common = {
  strategy: v.string(),
  regime: v.picklist(['two-backend', 'in-place']),
  backend: v.picklist(['*', ...WORLD_BACKENDS]),
  basis: v.picklist(['observed', 'source', 'list', 'derived']),
  /** Where the entry comes from: a file and version, a list message, a recording, or how the lab derived it. */
  source: v.string(),
  /** What a reader must know; also how an entry came to differ from a first reading. */
  note: v.optional(v.string()),
};

export const expectationsSchema = v.strictObject({
  schema: v.literal(EXPECTATIONS_SCHEMA_ID),
  rows: v.array(
    v.variant('invariant', [
      v.strictObject({
        invariant: v.literal('*'),
        outcome: v.picklist(['holds', 'broken', 'stops', 'n-a']),
        /** Whether some refused conversion stops the VM. */
        stops: v.optional(v.boolean(), false),
        ...common,
      }),
      v.strictObject({
        invariant: v.picklist(INVARIANTS),
        outcome: v.literal('broken'),
        reach: v.picklist(['live', 'latent']),
        ...common,
      }),
    ]),
  ),
});

export type Expectations = v.InferOutput<typeof expectationsSchema>;
export type ExpectationRow = Expectations['rows'][number];

interface Place {
  readonly strategy: string;
  readonly regime: string;
  readonly backend: string;
}

function rowsFor(expectations: Expectations, place: Place): ExpectationRow[] {
  return expectations.rows.filter(
    (row) =>
      row.strategy === place.strategy &&
      row.regime === place.regime &&
      (row.backend === '*' || row.backend === place.backend),
  );
}

/** The row behind a finding, or undefined when nothing of the kind was expected. */
export function findExpectation(
  expectations: Expectations,
  place: Place,
  invariant: string,
  reach: string,
): ExpectationRow | undefined {
  return rowsFor(expectations, place).find(
    (row) => row.invariant === invariant && 'reach' in row && row.reach === reach,
  );
}

/** Every way in which a report differs from what is expected, one line each; empty when it equals it. */
export function compareWithExpectations(report: ConformanceReport, expectations: Expectations): string[] {
  return report.cells.flatMap((cell) => {
    const place = { strategy: report.id, regime: cell.regime, backend: cell.backend };
    const where = `${report.id} on ${cell.backend}, ${cell.regime}`;
    const rows = rowsFor(expectations, place);
    const whole = rows.find((row) => row.invariant === '*');
    if (whole === undefined || !('stops' in whole)) return [`${where}: no expectation is on file`];
    const differences: string[] = [];
    if (whole.outcome !== cell.outcome) {
      differences.push(`${where}: expected ${whole.outcome}, found ${cell.outcome}`);
    }
    if (whole.stops !== cell.stops) {
      differences.push(`${where}: expected stops=${whole.stops}, found stops=${cell.stops}`);
    }
    const expected = new Set(rows.flatMap((row) => ('reach' in row ? [`${row.invariant} ${row.reach}`] : [])));
    const found = new Set(cell.broken.map(({ invariant, reach }) => `${invariant} ${reach}`));
    for (const key of expected) if (!found.has(key)) differences.push(`${where}: expected ${key} broken, it held`);
    for (const key of found) if (!expected.has(key)) differences.push(`${where}: ${key} broken, not expected`);
    return differences;
  });
}
