// SPDX-License-Identifier: MIT
import type { Block } from '../../text/block.ts';
import { reachText } from '../../text/reach-text.ts';
import type { EvaluationCell, EvaluationDocument, EvaluationStrategy } from '../evaluation-document.ts';

/** Strategy x backend, and regime where the row would differ. */
export function mainTable({ strategies }: EvaluationDocument): Block {
  return {
    kind: 'table',
    head: [
      'strategy',
      'backend',
      'regime',
      'outcome',
      'broken\ninvariant',
      'live or\nlatent',
      'map\ncalls',
      'unmap\ncalls',
      'notifi-\ncations',
      'peak\nmappings',
      'peak frames\n(4 KiB)',
    ],
    numeric: [6, 7, 8, 9, 10],
    rows: strategies.flatMap(rowsOf),
  };
}

function rowsOf({ id, cells }: EvaluationStrategy): string[][] {
  const backends = [...new Set(cells.map(({ backend }) => backend))];
  return backends.flatMap((backend) => {
    const here = cells.filter((cell) => cell.backend === backend);
    // A regime that a design does not have is told below the table.
    const run = here.filter(({ outcome }) => outcome !== 'n-a');
    const groups = new Map<string, EvaluationCell[]>();
    for (const cell of run.length === 0 ? here : run) {
      const key = JSON.stringify(shownOf(cell));
      groups.set(key, [...(groups.get(key) ?? []), cell]);
    }
    return [...groups.values()].map((group) => {
      const regime = group.length > 1 ? 'both' : group[0]!.regime;
      return [id, backend, regime, ...shownOf(group[0]!)];
    });
  });
}

function shownOf({ outcome, broken, cost }: EvaluationCell): string[] {
  const first = nearest(broken);
  const costs =
    cost === null
      ? ['-', '-', '-', '-', '-']
      : [cost.mapCalls, cost.unmapCalls, cost.notifications, cost.peakMappings, cost.peakFrames].map(String);
  return [outcome, first?.invariant ?? '-', first === undefined ? '-' : reachText(first), ...costs];
}

const REACHES = ['live', 'live with retry', 'latent'];

/** What matters most in one word: live before latent, confirmed before predicted, then the order of the invariants. */
function nearest(broken: EvaluationCell['broken']): EvaluationCell['broken'][number] | undefined {
  return broken.toSorted((a, b) => rank(a) - rank(b))[0];
}

function rank(finding: EvaluationCell['broken'][number]): number {
  return REACHES.indexOf(reachText(finding)) * 2 + (finding.basis === 'derived' ? 1 : 0);
}

/** Per strategy: the verdict, and each invariant that falls anywhere, where it is nearest. */
export function verdictTable({ strategies }: EvaluationDocument): Block {
  return {
    kind: 'table',
    head: ['strategy', 'verdict', 'broken live', 'broken live with retry', 'broken latent only'],
    rows: strategies.map(({ id, verdict, notApplicable, cells }) => {
      const broken = cells.flatMap((cell) => cell.broken);
      const told = new Set<string>();
      const columns = ['live', 'live with retry', 'latent'].map((reach) => {
        const names = broken.filter((finding) => reachText(finding) === reach).map(({ invariant }) => invariant);
        const fresh = [...new Set(names)].filter((name) => !told.has(name));
        for (const name of fresh) told.add(name);
        return listText(fresh);
      });
      return [id, notApplicable ? 'n-a' : verdict, ...columns];
    }),
  };
}

const NAMES_PER_LINE = 4;

function listText(names: readonly string[]): string {
  if (names.length === 0) return '-';
  return names.map((name, at) => `${at === 0 ? '' : at % NAMES_PER_LINE === 0 ? ',\n' : ', '}${name}`).join('');
}

/** What the table leaves out, in words. */
export function mainTableNotes({ strategies, scenarios }: EvaluationDocument): Block {
  const { pages, sharedPages, requests, limit, limitIs } = scenarios.swiotlb;
  const withoutInPlace = strategies
    .filter(({ cells }) => cells.some(({ regime, outcome }) => regime === 'in-place' && outcome === 'n-a'))
    .map(({ id }) => id);
  const lines = [
    `Calls and peaks: one boot of a ${pages / 262_144} GiB guest that shares ${sharedPages / 256} MiB in ${requests} requests and takes it back; ` +
      `dma_entry_limit raised to ${limit} (${limitIs}).`,
    'Broken invariant: one per row, though more may be broken: a live one before a latent one, then one observed or read in a source before one derived.',
    'Notifications: runs told to the container, the attach included. Peak frames: host frames at once; the guest touches none in this boot, so all are pinned ones.',
    `Default dma_entry_limit ${scenarios.swiotlb.defaultLimit}: see "The swiotlb boot at the default limit" in the evaluation; QEMU 10.1 and later refuse the device there for every design that maps page by page.`,
    'In-place rows predict a kernel series that is in no release yet.',
    `A dash: no device could be attached there. No in-place regime: ${withoutInPlace.join(', ')}.`,
  ];
  return { kind: 'text', text: lines.join('\n') };
}
