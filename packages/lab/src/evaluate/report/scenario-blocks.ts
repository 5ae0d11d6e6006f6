// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';
import type { LateHotplug, Refusal, SixSteps, UnmapShape, VirtioMemStory } from '../scenario-schemas.ts';
import { mergeRows, type PlacedRow } from './merge-rows.ts';

/** The scenarios with a guest: what each design made of the same history. */
export function scenarioBlocks({ scenarios }: EvaluationDocument): Block[] {
  return [
    ...sixSteps(scenarios.sixSteps),
    ...lateHotplug(scenarios.lateHotplug),
    ...virtioMem(scenarios.virtioMem),
    ...refusal(scenarios.refusal),
    ...unmapShape(scenarios.unmapShape),
  ];
}

function unmapShape({ history, pages, rows }: UnmapShape): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'What an exact unmap costs' },
    { kind: 'code', lines: [history] },
    { kind: 'text', text: `vfio-user lets one unmap cover many mappings; vfio-user-strict wants each named, ${pages} of them here. The ROM is one more map call.` },
    {
      kind: 'table',
      head: ['strategy', 'server', 'map\ncalls', 'unmap\ncalls', 'unmap calls\nrefused', 'broken'],
      rows: rows.map((row) => [
        row.id,
        row.backend,
        String(row.mapCalls),
        String(row.unmapCalls),
        String(row.refusedUnmapCalls),
        brokenText(row.broken),
      ]),
      numeric: [2, 3, 4],
    },
  ];
}

function sixSteps({ history, rows }: SixSteps): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'The six steps of the RFC' },
    { kind: 'code', lines: [history] },
    {
      kind: 'table',
      head: ['strategy', 'where', 'the guest wrote', 'the device reads', 'same', 'broken'],
      rows: mergeRows(
        rows.map((row) => ({
          ...row,
          cells: [row.guestWrote, row.deviceRead, row.isSame ? 'yes' : 'no', brokenText(row.broken)],
        })),
      ),
    },
  ];
}

function lateHotplug({ early, late, rows }: LateHotplug): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'Late hotplug equals early' },
    { kind: 'code', lines: [early, late] },
    {
      kind: 'table',
      head: ['strategy', 'where', 'attach', 'pages mapped,\nattached early', 'pages mapped,\nattached late', 'same', 'pages a device\nmust reach'],
      rows: mergeRows(
        rows.map((row) => ({
          ...row,
          cells: [
            row.attachedEarly === row.attachedLate ? row.attachedEarly : `${row.attachedEarly}, late ${row.attachedLate}`,
            row.mappedEarly,
            row.mappedLate,
            row.isSame ? 'yes' : 'no',
            row.due,
          ],
        })),
      ),
    },
  ];
}

function virtioMem({ history, operations, rows }: VirtioMemStory): Block[] {
  const refused = rows.filter(({ takesDevice }) => !takesDevice).map(({ id }) => id);
  const names = [...new Set(refused)].join(', ');
  const columns = mergeRows(
    rows
      .filter(({ takesDevice }) => takesDevice)
      .map((row) => ({ ...row, cells: row.steps.map(({ answer, mapped, due }) => `${mapped} / ${due} (${answer})`) })),
  );
  return [
    { kind: 'heading', level: 2, text: 'virtio-mem beside conversions' },
    { kind: 'code', lines: [history] },
    { kind: 'text', text: `Pages of the device mapped / pages a device must reach, after each operation. No virtio-mem beside private memory (-EBUSY): ${names}.` },
    {
      kind: 'table',
      head: ['operation', ...columns.map(([id]) => id!)],
      rows: [
        ['', ...columns.map(([, where]) => where!)],
        ...operations.map((operation, at) => [operation, ...columns.map((column) => column[at + 2]!)]),
      ],
    },
  ];
}

function refusal({ history, rows }: Refusal): Block[] {
  return [
    { kind: 'heading', level: 2, text: 'One container of two, c0, refuses a sharing' },
    { kind: 'code', lines: [history] },
    {
      kind: 'table',
      head: ['strategy', 'where', 'on refusal', 'answer', 'VM\nstopped', 'after the\nfault', 'pages mapped in\nc1 / c0', 'pages a device\nmust reach', 'broken'],
      rows: mergeRows(mergeChoices(rows)),
    },
  ];
}

/** Stopping or retrying is told apart only where it makes a difference. */
function mergeChoices(rows: Refusal['rows']): PlacedRow[] {
  const shown = rows.map((row) => ({
    ...row,
    key: `${row.id} ${row.backend} ${row.regime}`,
    results: [
      row.answer,
      row.stopped ? 'yes' : 'no',
      row.healed,
      `${row.mappedInAgreeing} / ${row.mappedInRefusing}`,
      String(row.due),
      brokenText(row.broken),
    ],
  }));
  return shown.flatMap((row) => {
    const other = shown.find(({ key, onRefusal }) => key === row.key && onRefusal !== row.onRefusal)!;
    const isSame = JSON.stringify(other.results) === JSON.stringify(row.results);
    if (isSame && row.onRefusal === 'retry') return [];
    return [{ ...row, cells: [isSame ? 'stop or retry' : row.onRefusal, ...row.results] }];
  });
}

function brokenText(broken: readonly { readonly invariant: string; readonly reach: string }[]): string {
  return broken.length === 0 ? '-' : broken.map(({ invariant, reach }) => `${invariant} (${reach})`).join(', ');
}
