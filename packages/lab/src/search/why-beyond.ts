// SPDX-License-Identifier: MIT
/**
 * Why a search within a bound cannot meet what a history shows: everything in the history that the searched worlds do
 * not have or do. No reason means that the history lies within the bound, and a complete search that does not find what
 * it shows is wrong.
 */
import { type History, type Operation, parseHistory, runHistory, searchedOperations, worldSpec, type WorldSpec } from '@sda-lab/conformance';
import type { Strategy } from '@sda-lab/guest-memory';
import { findStrategies } from '../command-line/find-strategies.ts';
import { counted } from './model-kind.ts';
import { MODELS } from './models.ts';
import type { SearchRequest } from './search-request.ts';

/** Refusals a search plans. */
const SEARCHED_ERRNOS = { map: 'ENOMEM', unmap: 'EBUSY' } as const;

/** `violation`: which one of the history is meant. */
export function whyBeyond(text: string, strategyId: string, request: SearchRequest, violation: Meant): string[] {
  const history = parseHistory(text);
  const [strategy] = findStrategies([strategyId]);
  const bound = { ...request, backends: MODELS[request.model].backends(request) };
  return [...new Set([...whyOutside(history, strategy!, bound), ...whyAtTheEnd(strategy!, history, violation)])];
}

/** What is searched, as far as it decides whether a history lies in it. */
export interface SearchedBound extends Pick<SearchRequest, 'pages' | 'containers' | 'blocks' | 'faults' | 'races'> {
  readonly backends: readonly string[];
}

/** The same for a history that shows what it shows before its end. */
export function whyOutside({ world, operations }: History, strategy: Strategy, bound: SearchedBound): string[] {
  return [...new Set([...whyOtherWorld(world, bound), ...whyOtherOperations(operations, strategy, bound)])];
}

export interface Meant {
  readonly invariant: string;
  readonly reach: string;
}

function whyOtherWorld(world: WorldSpec, bound: SearchedBound): string[] {
  const plain = worldSpec();
  const pages = world.vmem.reduce((sum, { blockCount, blockPages }) => sum + blockCount * blockPages, world.pages);
  return [
    ...(pages > bound.pages ? [`${counted(pages, 'page')} of RAM`] : []),
    ...whyOtherContainers(world, bound),
    ...whyOtherDevices(world, bound),
    ...(world.firmware > 0 ? ['firmware'] : []),
    ...(world.hugetlb > 1 ? ['huge pages of the shared side'] : []),
    ...(world.onRefusal === plain.onRefusal ? [] : ['a VMM that hands refusals to the guest (onRefusal=retry)']),
    ...(world.tee === plain.tee ? [] : [`tee=${world.tee}`]),
    ...(world.limit === plain.limit ? [] : ['the mapping limit']),
  ];
}

function whyOtherContainers({ containers }: WorldSpec, { containers: most, backends }: SearchedBound): string[] {
  const searched = most ?? 0;
  return [
    ...(containers.length > searched ? [counted(containers.length, 'container')] : []),
    ...containers.flatMap(({ backend, iommuPages, kind }) => [
      ...(backends.includes(backend) ? [] : [`a container of ${backend}`]),
      ...(iommuPages === undefined ? [] : ['IOMMU pages above a page']),
      ...(kind === undefined ? [] : [`a ${kind} device`]),
    ]),
    ...[...new Set(backends)].flatMap((backend) => {
      const count = containers.filter((one) => one.backend === backend).length;
      return count > Math.ceil(searched / backends.length) ? [`${count} containers of ${backend}`] : [];
    }),
  ];
}

function whyOtherDevices({ vmem }: WorldSpec, { blocks }: SearchedBound): string[] {
  return [
    ...(vmem.length > 1 && vmem.every(({ over }) => over === undefined) ? [`${vmem.length} virtio-mem devices`] : []),
    ...vmem.flatMap(({ blockCount, memslotBlocks, over, shared }) => [
      ...(blockCount > (blocks ?? 0) ? [counted(blockCount, 'block')] : []),
      ...(memslotBlocks === undefined ? [] : ['dynamic memslots']),
      ...(over === undefined ? [] : ['a second source over one block']),
      ...(shared === undefined ? [] : ['a device without guest_memfd']),
    ]),
  ];
}

function whyOtherOperations(operations: readonly Operation[], strategy: Strategy, { faults, races }: SearchedBound): string[] {
  const known = new Set(searchedOperations(worldSpec({ vmem: [{ blockCount: 1, blockPages: 1 }] }), strategy).map(nameOf));
  let planned = 0;
  return operations.flatMap((operation): string[] => {
    if (operation.op !== 'refuse') planned = 0;
    if (operation.op === 'at') return races ? [] : ['an operation inside another one (--races)'];
    if (operation.op !== 'refuse') return known.has(nameOf(operation)) ? [] : [`${nameOf(operation)} is not searched`];
    planned += 1;
    const { call, errno, once } = operation;
    return [
      ...(once === true ? [] : ['a refusal that stays']),
      ...(errno === SEARCHED_ERRNOS[call] ? [] : [`${call} refused with ${errno}`]),
      ...(planned > (faults ?? 0) ? [`${counted(planned, 'refusal')} in one operation`] : []),
    ];
  });
}

function nameOf(operation: Operation): string {
  return operation.op === 'migrate' ? `migrate(${operation.step})` : operation.op;
}

/** Where a history ends everything is healed and detached; a search has no end of its own. */
function whyAtTheEnd(strategy: Strategy, history: History, { invariant, reach }: Meant): string[] {
  const { violations } = runHistory(strategy, history);
  const found = violations.find((one) => one.invariant === invariant && one.reach === reach);
  return found !== undefined && found.operationIndex >= history.operations.length ? ['it is seen at the end of a history only'] : [];
}
