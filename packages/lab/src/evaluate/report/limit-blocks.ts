// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import type { EvaluationDocument } from '../evaluation-document.ts';
import type { Admission, Swiotlb, WholeGuest } from '../scenario-schemas.ts';

const MIB_PAGES = 256;

/** What limits on mappings do: the boot at the default limit, a whole guest page by page, the check at attach. */
export function limitBlocks({ scenarios }: EvaluationDocument): Block[] {
  return [
    ...defaultLimit(scenarios.swiotlb),
    ...wholeGuest(scenarios.wholeGuest),
    ...admission(scenarios.admission),
  ];
}

function defaultLimit({ defaultLimit: limit, sharedPages, requests, atDefaultLimit }: Swiotlb): Block[] {
  return [
    { kind: 'heading', level: 2, text: `The swiotlb boot at the default limit (type1v2, dma_entry_limit ${limit})` },
    {
      kind: 'table',
      head: ['strategy', 'attach', `requests accepted\nof ${requests}`, 'first refusal', 'VM\nstopped', `shared pages left unmapped\nof ${sharedPages}`],
      numeric: [2, 5],
      rows: atDefaultLimit.map((row) => [
        row.id,
        row.attached,
        row.attached === '0' ? String(row.acceptedRequests) : '-',
        row.firstRefusal ?? '-',
        row.stopped ? 'yes' : 'no',
        row.unmappedPages === null ? '-' : String(row.unmappedPages),
      ]),
    },
  ];
}

function wholeGuest({ pages, rows }: WholeGuest): Block[] {
  return [
    { kind: 'heading', level: 2, text: `A guest of ${pages / 262_144} GiB mapped page by page, kernel alone (${pages} mappings)` },
    {
      kind: 'table',
      head: ['backend', 'dma_entry_limit', 'mapped', 'last answer', 'kernel bookkeeping\n(MiB)'],
      numeric: [1, 2, 4],
      rows: rows.map(({ backend, limit, mapped, lastAnswer, bookkeepingBytes }) => [
        backend,
        limitText(limit),
        String(mapped),
        lastAnswer,
        (bookkeepingBytes / 2 ** 20).toFixed(1),
      ]),
    },
  ];
}

function admission({ pages, memslots, worstCase, rows, defaultLimit: limit, largestAdmittedPages }: Admission): Block[] {
  const text =
    `QEMU's worst case for ${pages} pages and ${memslots} memslots: ${worstCase} mappings. ` +
    `The largest guest that QEMU 10.1 and later admit at the default limit ${limit}: ${largestAdmittedPages} pages, ` +
    `${(largestAdmittedPages / MIB_PAGES).toFixed(2)} MiB in one section.`;
  return [
    { kind: 'heading', level: 2, text: "QEMU's limit check when the device is attached" },
    {
      kind: 'table',
      head: ['backend', 'dma_entry_limit', 'worst case fits', 'QEMU 10.0', 'QEMU 10.1 and later'],
      numeric: [1],
      rows: rows.map((row) => [row.backend, limitText(row.limit), row.admitted ? 'yes' : 'no', row.qemu100, row.qemu101]),
    },
    { kind: 'text', text },
  ];
}

function limitText(limit: number | null): string {
  return limit === null ? 'none' : String(limit);
}
