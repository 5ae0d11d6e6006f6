// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { blocked, createPerPageModel, keepShared, keepSharedAsPosted, search, uncoordinated } from '../src/index.ts';

const CONTROLS = [uncoordinated, blocked, keepShared, keepSharedAsPosted];

describe('words of a control', () => {
  // Sides of three pages times who is attached; a section is mapped whole, so `bounded` falls with the first device.
  test.each(CONTROLS.map((control) => [control.id, control] as const))('%s: it remembers nothing, and every state is found without', (_id, control) => {
    const result = search(createPerPageModel(control, { pages: 3 }), { recheckedStates: 32 });
    expect(result).toMatchObject({ complete: true, by: 'words', states: 32, transitions: 544, unwitnessed: [] });
    expect(result.counterexamples.map(({ property, depth }) => `${property.invariant} ${depth}`)).toEqual(['bounded 1']);
  });
});
