// SPDX-License-Identifier: MIT
import type { Regime, Strategy } from '@sda-lab/guest-memory';
import { BACKEND_TRAITS } from '@sda-lab/vfio-mock';
import { type Witness, WITNESSES } from '../judge/witnesses.ts';
import type { WorldBackend } from '../world/world-spec.ts';

/** What a run must come near to; what a capability or the kind of backend excludes is not owed. */
export function owed({ capabilities, listener }: Strategy, backend: WorldBackend, regime: Regime): Witness[] {
  const { virtioMem, views, tdisp, reset } = capabilities;
  // In place a conversion frees nothing.
  const frees = regime === 'two-backend' || virtioMem || reset === 'rebuild';
  return WITNESSES.filter((witness) => {
    switch (witness) {
      case 'no-use-after-discard':
        return !BACKEND_TRAITS[backend].pins && frees;
      case 'coexist':
        return virtioMem;
      case 'consumers-see':
      case 'consumer migration':
      case 'consumer dirty-sync':
      case 'consumer restored-guest':
      case 'consumer dump':
      case 'consumer viommu':
      case 'consumer cpr':
        return views;
      case 'consumer iommu-page':
        // Where the listener asserts, such a container ends the VMM.
        return views && listener.fineGranule !== 'assert';
      case 'consumer tdisp':
        return tdisp === true && backend === 'iommufd';
      default:
        return true;
    }
  });
}
