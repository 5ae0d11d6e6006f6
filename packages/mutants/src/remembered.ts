// SPDX-License-Identifier: MIT
/** What plants remember from one operation to the next, for searches that leave a state and come back to it. */
import type { Memory } from '@sda-lab/conformance';

/** A set of texts, whose order shows nowhere. */
export function rememberedSet(set: Set<string>): Memory {
  return {
    save: () => [...set].toSorted().join('\n'),
    restore: (text) => {
      set.clear();
      for (const one of linesOf(text)) set.add(one);
    },
  };
}

/** Several of them. */
export function rememberedSets(...sets: readonly Set<string>[]): Memory {
  const memories = sets.map(rememberedSet);
  return {
    save: () => memories.map((memory) => memory.save()).join('\0'),
    restore: (text) => {
      for (const [at, part] of text.split('\0').entries()) memories[at]!.restore(part);
    },
  };
}

/** What was met under a name, in the order it came; `find` says what a name stands for. */
export function rememberedMap<Value>(map: Map<string, Value>, find: (name: string) => Value): Memory {
  return {
    save: () => [...map.keys()].join('\n'),
    restore: (text) => {
      map.clear();
      for (const name of linesOf(text)) map.set(name, find(name));
    },
  };
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}
