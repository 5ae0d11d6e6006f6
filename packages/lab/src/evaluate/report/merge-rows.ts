// SPDX-License-Identifier: MIT
/** A row of a scenario: where it was run, and the cells it shows. */
export interface PlacedRow {
  readonly id: string;
  readonly backend: string;
  readonly regime: string;
  readonly cells: readonly string[];
}

/**
 * One line per strategy and distinct result: places with equal cells share it. The first two cells of a line are the
 * strategy and its places, `both backends` and `both regimes` where that is so.
 */
export function mergeRows(rows: readonly PlacedRow[]): string[][] {
  const groups = new Map<string, PlacedRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.id, row.cells]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((group) => {
    const { id, cells } = group[0]!;
    return [id, placesText(group, rows.filter((row) => row.id === id)), ...cells];
  });
}

function placesText(group: readonly PlacedRow[], all: readonly PlacedRow[]): string {
  const backends = distinct(group.map(({ backend }) => backend));
  const regimes = distinct(group.map(({ regime }) => regime));
  const isProduct = group.length === backends.length * regimes.length;
  if (!isProduct) return group.map(({ backend, regime }) => `${backend} ${regime}`).join('; ');
  const everyBackend = backends.length === distinct(all.map(({ backend }) => backend)).length;
  const backendText = everyBackend && backends.length > 1 ? 'both backends' : backends.join(', ');
  return `${backendText}, ${regimes.length > 1 ? 'both regimes' : regimes.join(', ')}`;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
