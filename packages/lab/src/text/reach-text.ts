// SPDX-License-Identifier: MIT
import type { FindingDocument } from '../finding-document.ts';

/** How near a finding is: `live`, `live with retry` (refusals go back to the guest), or `latent`. */
export function reachText({ reach, onRefusal }: Pick<FindingDocument, 'reach' | 'onRefusal'>): string {
  return reach === 'live' && onRefusal === 'retry' ? 'live with retry' : reach;
}
