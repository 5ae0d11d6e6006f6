// SPDX-License-Identifier: MIT
// Where the time of a search goes, from a sampling profile that Node wrote (--cpu-prof): each sample is a stack, and
// belongs to the first of these on the way from the search's own loop down.
//
//     expand -> load                              restore
//            -> store, insert, isAt               store and hash
//            -> step -> a function of the judge   judge
//                    -> a function of recovery    recovery (refused operations are repeated)
//                    -> anything else             operation: the machine, the design, the kernels' models
//
// What is not below `expand` is left out: the start, the last look at states, the collector of garbage. The share of the
// collector is told beside them.

export const PHASES = ['restore', 'operation', 'judge', 'recovery', 'store and hash'] as const;
export type Phase = (typeof PHASES)[number];

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Shares {
  /** They add up to 1. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Of the collector, in units of all phases together. */
  readonly garbage: number;
}

/** Where a frame puts what is below it; undefined: what is further down decides. */
type Place = Phase | 'loop' | 'step' | 'garbage' | undefined;

export function profileShares({ nodes, samples, timeDeltas }: CpuProfile): Shares {
  const placeOfNode = placesByNode(nodes);
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  let garbage = 0;
  for (const [at, id] of samples.entries()) {
    const microseconds = Math.max(0, timeDeltas[at]!);
    const place = placeOfNode.get(id);
    if (place === 'garbage') garbage += microseconds;
    else if (place !== undefined) phases[place === 'loop' ? 'store and hash' : place === 'step' ? 'operation' : place] += microseconds;
  }
  const total = PHASES.reduce((sum, phase) => sum + phases[phase], 0);
  if (total === 0) throw new Error('the profile holds no sample of a search');
  for (const phase of PHASES) phases[phase] /= total;
  return { phases, garbage: garbage / total };
}

function placesByNode(nodes: readonly ProfileNode[]): Map<number, Place> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, Place>();
  const walk = (node: ProfileNode, above: Place): void => {
    const place = placeOf(node, above);
    places.set(node.id, place);
    for (const child of node.children ?? []) walk(byId.get(child)!, place);
  };
  walk(nodes[0]!, undefined);
  return places;
}

function placeOf({ callFrame: { functionName, url } }: ProfileNode, above: Place): Place {
  if (functionName === '(garbage collector)') return 'garbage';
  const isIn = (folder: string): boolean => url.includes(folder);
  if (above === undefined) return functionName === 'expand' && isIn('/search/expander') ? 'loop' : undefined;
  if (above === 'loop') {
    if (functionName === 'step') return 'step';
    return functionName.endsWith('estore') || functionName.endsWith('load') ? 'restore' : 'loop';
  }
  if (above !== 'step') return above;
  if (isIn('/judge/')) return 'judge';
  return isIn('/search/world/recovery') ? 'recovery' : 'step';
}
