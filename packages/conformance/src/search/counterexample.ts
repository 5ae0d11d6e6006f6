// SPDX-License-Identifier: MIT
/**
 * A violation as the operations that show it, taken anew from the first state: what a search found by loading states
 * must happen again without. If it does not, the model's words leave something out, or a symmetry is none.
 */
import { assert } from '@sda-lab/guest-memory';
import type { Discovery } from './discoveries.ts';
import type { Ground } from './exploration.ts';
import { statesTo } from './path.ts';
import { KIND_MASK, NEXT, type SearchModel, VIOLATED } from './search-model.ts';
import type { Counterexample } from './search-result.ts';

export function counterexampleOf<Label>(model: SearchModel<Label>, ground: Ground, discovery: Discovery): Counterexample<Label> {
  const { property, from, transition, depth } = discovery;
  const labels: Label[] = [];
  const take = (taken: number): number => {
    labels.push(...model.label(taken));
    return model.step(taken);
  };
  model.reset();
  const states = statesTo(ground.table, from);
  for (const state of states.slice(1)) take(towards(ground, state));
  const isBroken = (flags: number): boolean => (flags & VIOLATED) !== 0 && (model.violated & (1 << property)) !== 0;
  const last = ground.symmetry === undefined ? transition : findTransition(model, transition, isBroken);
  assert(isBroken(take(last)), 'what a search found broken is broken when its operations are repeated');
  return { property: model.always[property]!, depth, labels, explanation: model.explain(property) };
}

/** The transition that leads from the model's present state to a state of the table, or to one that it stands for. */
function towards({ model, table, symmetry }: Ground, state: number): number {
  const recorded = table.transitionOf(state);
  if (symmetry === undefined) return recorded;
  const words = new Int32Array(model.wordCount);
  return findTransition(model, recorded, (flags) => {
    if ((flags & KIND_MASK) !== NEXT) return false;
    model.store(words, 0);
    symmetry.canonicalize(words, 0);
    return table.isAt(state, words, 0);
  });
}

/** Tries the recorded transition, then all; the model is left where it was. */
function findTransition(model: SearchModel<unknown>, recorded: number, fits: (flags: number) => boolean): number {
  const here = new Int32Array(model.wordCount);
  model.store(here, 0);
  const all = Array.from({ length: model.transitionCount }, (_, transition) => transition);
  const found = [recorded, ...all].find((transition) => {
    const isIt = fits(model.step(transition));
    model.load!(here, 0);
    return isIt;
  });
  assert(found !== undefined, 'a symmetric state can do what the one that stands for it can do');
  return found;
}
