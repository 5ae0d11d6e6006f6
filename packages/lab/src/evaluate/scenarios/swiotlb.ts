// SPDX-License-Identifier: MIT
/**
 * What a confidential Linux guest of 4 GiB does at boot: it shares its bounce buffer, 256 MiB, in requests of 2 MiB,
 * and at the end takes it all back. 65,536 mappings of one page do not fit the default dma_entry_limit, so the limit
 * is raised to what QEMU 10.1's check asks for; the default limit is a run of its own. The costs of the main table
 * come from here. No page is touched: frames are those that pinning brings in.
 */
import { parseHistory, type RunCost, runHistory, World } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { checkAdmission } from '@sda-lab/vfio-mock';
import { pagesOf } from '../pages-of.ts';
import type { Place } from '../places.ts';
import { tracksPages } from '../tracks-pages.ts';
import type { Swiotlb } from '../scenario-schemas.ts';
import { MEMSLOTS } from './admission.ts';
import { DEFAULT_ENTRY_LIMIT } from './whole-guest.ts';

/** 4 GiB of 4 KiB pages, half of it below 4 GiB. */
const PAGES = 1_048_576;
const SECTIONS = [
  { firstGfn: 0, pageCount: PAGES / 2 },
  { firstGfn: 0x100000, pageCount: PAGES / 2 },
];
/** The buffer lies in low memory, here from 1 GiB on. */
const FIRST_SHARED_PAGE = 0x40000;
const REQUEST_PAGES = 512;
const REQUESTS = 128;
const SHARED_PAGES = REQUEST_PAGES * REQUESTS;
const LIMIT = checkAdmission({ sections: SECTIONS, granulePages: 1, memslotCount: MEMSLOTS, dmaMaxMappings: 0 }).worstCaseMappings;

export interface SwiotlbRuns {
  readonly scenario: Swiotlb;
  /** In the order of the places given; null where no device could be attached. */
  readonly costs: readonly (RunCost | null)[];
}

export function runSwiotlb(places: readonly Place[], onProgress: (what: string) => void): SwiotlbRuns {
  const costs: (RunCost | null)[] = [];
  const rows = places.map(({ strategy, backend, regime }) => {
    onProgress(`swiotlb boot: ${strategy.id} on ${backend}, ${regime}`);
    const history = parseHistory(textOf(`regime=${regime}, containers=c0:${backend}`, LIMIT));
    const { steps, stopped, cost } = runHistory(strategy, history);
    const [attached, ...requests] = steps.map(({ answer }) => answer);
    costs.push(attached === '0' ? cost : null);
    const refusedRequests = requests.filter((answer) => answer !== '0').length;
    return { id: strategy.id, backend, regime, attached: attached!, refusedRequests, stopped };
  });
  // Where whole sections are mapped no limit comes near.
  const managed = [...new Set(places.map(({ strategy }) => strategy))].filter(tracksPages);
  return {
    costs,
    scenario: {
      history: textOf('', LIMIT),
      pages: PAGES,
      sharedPages: SHARED_PAGES,
      requests: REQUESTS,
      limit: LIMIT,
      limitIs: `${PAGES} pages + ${MEMSLOTS} memslots - ${SECTIONS.length} sections`,
      rows,
      defaultLimit: DEFAULT_ENTRY_LIMIT,
      atDefaultLimit: managed.map((strategy) => {
        onProgress(`swiotlb boot at the default limit: ${strategy.id}`);
        return runAtDefaultLimit(strategy);
      }),
    },
  };
}

function runAtDefaultLimit(strategy: Strategy): Swiotlb['atDefaultLimit'][number] {
  const history = parseHistory(textOf('containers=c0:type1v2', DEFAULT_ENTRY_LIMIT, ['shared']));
  const world = new World(history.world, strategy);
  const [attached, ...requests] = history.operations.map((operation) => world.apply(operation));
  const accepted = requests.filter((answer) => answer === '0');
  const isAttached = world.containers[0]!.attached;
  const { mapped, due } = pagesOf(world, 0, FIRST_SHARED_PAGE, FIRST_SHARED_PAGE + SHARED_PAGES);
  const mappedSet = new Set(mapped);
  return {
    id: strategy.id,
    attached: attached!,
    acceptedRequests: accepted.length,
    firstRefusal: requests.find((answer) => answer !== '0') ?? null,
    stopped: world.wasStopped,
    unmappedPages: isAttached ? due.filter((page) => !mappedSet.has(page)).length : null,
  };
}

function textOf(parts: string, limit: number, sides: readonly string[] = ['shared', 'private']): string {
  const world = [parts, `pages=${PAGES}`, `limit=${limit}`].filter((part) => part !== '').join(', ');
  const conversions = sides.flatMap((side) =>
    Array.from({ length: REQUESTS }, (_, at) => {
      return `convert(${FIRST_SHARED_PAGE + at * REQUEST_PAGES}+${REQUEST_PAGES},${side})`;
    }),
  );
  return [`world(${world})`, 'attach(c0)', ...conversions].join('; ');
}
