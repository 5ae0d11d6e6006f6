// SPDX-License-Identifier: MIT
/** What the judge asks, in the order of its tables. `docs/invariants.md` says each in a sentence. */
export const INVARIANTS = [
  'coherent',
  'isolated',
  'no-use-after-discard',
  'rights',
  'complete',
  'bounded',
  'atomic',
  'progress',
  'order',
  'consumers-see',
  'coexist',
  'hotplug',
  'coordinated',
  'legal-calls',
  'nonfatal',
] as const;

export type Invariant = (typeof INVARIANTS)[number];

/** `live`: can happen as is. `latent`: the modelled version stops the VM (or blocks the feature) before it matters. */
export type Reach = 'live' | 'latent';
