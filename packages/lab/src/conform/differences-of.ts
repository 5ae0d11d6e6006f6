// SPDX-License-Identifier: MIT
import { compareWithExpectations, type ConformanceReport, type Expectations } from '@sda-lab/conformance';

/** One line per way in which a report differs from the expectations; an unknown cell is exactly one. */
export function differencesOf(report: ConformanceReport, expectations: Expectations): string[] {
  const known = report.cells.filter(({ outcome }) => outcome !== 'unknown');
  const unknown = report.cells.filter(({ outcome }) => outcome === 'unknown');
  return [
    ...compareWithExpectations({ ...report, cells: known }, expectations),
    ...unknown.map(({ backend, regime, unwitnessed }) => {
      return `${report.id} on ${backend}, ${regime}: unknown, nothing came near to breaking ${unwitnessed.join(', ')}`;
    }),
  ];
}
