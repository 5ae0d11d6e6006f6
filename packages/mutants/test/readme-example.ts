// SPDX-License-Identifier: MIT
// The region below stands in README.md word for word; readme.test.ts compares the two and checks what it computes.
// #region example
import { mutate } from '@sda-lab/conformance';
import { type Mutant, judgeMutant } from '@sda-lab/mutants';
import { extendedRdm } from '@sda-lab/rdm-manager';

const strategy = mutate(extendedRdm, () => ({
  host: (host) => ({ ...host, discard: (range, side) => (side === 'private' ? 0 : host.discard(range, side)) }),
}));
const about = { id: 'keeps-private', what: 'the private side stays', where: 'strategy', source: 'this page' } as const;
const mutant: Mutant = { ...about, breaks: 'bounded', carrier: extendedRdm, strategy, regimes: ['two-backend'] };
const judgement = judgeMutant(mutant, { runs: 0 });
export const found = judgement.status === 'killed' ? [judgement.history, ...judgement.explanation.split(/(?<=\.) /)] : [];
// #endregion
