// SPDX-License-Identifier: MIT
/** Mistakes that stood in a posted or merged version and fit no other family; each as it was made. */
import { keepShared, keepSharedAsPosted } from '@sda-lab/conformance';
import { assert } from '@sda-lab/guest-memory';
import { extendedRdm, ramBlockAttributes } from '@sda-lab/rdm-manager';
import { converting } from '../converting.ts';
import type { Mutant } from '../mutant.ts';

export const HISTORY: readonly Mutant[] = [
  {
    id: 'inverted-condition',
    breaks: 'coherent',
    what: 'the shared side is discarded exactly when somebody disabled discarding',
    where: 'strategy',
    source: 'SNP v3 patch 19/49, 20240320083945.991426-20, the diff against its own message',
    carrier: keepShared,
    strategy: keepSharedAsPosted,
  },
  {
    id: 'assertion-that-cannot-fire',
    breaks: 'nonfatal',
    what: 'inside `if (ret)` stands an assertion that ret is true',
    where: 'strategy',
    source: 'series v5 10/10, 20250520102856.132417-11',
    carrier: ramBlockAttributes,
    strategy: converting(ramBlockAttributes, (convert) => (...request) => {
      const status = convert(...request);
      if (status !== 0) assert(status !== 0, 'a discard cannot fail');
      return status;
    }),
    proof:
      'The assertion stands behind a branch that is entered only when its condition is true, and evaluating it changes ' +
      'nothing. Meant was the opposite, which is another mutant.',
  },
  {
    id: 'assertion-that-fires',
    breaks: 'nonfatal',
    what: 'what the mail meant: an assertion that a discard is never refused',
    where: 'strategy',
    source: 'series v5 10/10, 20250520102856.132417-11: "discard cannot fail"',
    carrier: extendedRdm,
    strategy: converting(extendedRdm, (convert) => (request, to) => {
      const status = convert(request, to);
      if (to === 'private') assert(status === 0, 'a discard cannot fail');
      return status;
    }),
  },
];
