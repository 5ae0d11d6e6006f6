// SPDX-License-Identifier: MIT
// docs/event-order.md is written by this test (UPDATE_DOCS=1) and held against the designs ever after.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventOrder, STRATEGIES } from '../src/index.ts';

const file = new URL('../../../docs/event-order.md', import.meta.url);

describe('docs/event-order.md', () => {
  const text = eventOrder(STRATEGIES);

  it('is what the event logs say', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('shows that the designs done right unmap before anything is switched', () => {
    const table = text.split('### To private (two-backend)')[1]!.split('###')[0]!;
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    const column = rows[0]!.split(' | ').findIndex((name) => name === 'extended-rdm');
    const events = rows.slice(2).map((row) => row.split(' | ')[column]);
    expect(events).toEqual(['unmap in c1', 'unmap in c0', 'KVM: private', 'free shared side', '0']);
  });
});
