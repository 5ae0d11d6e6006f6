// SPDX-License-Identifier: MIT
/**
 * A TDISP device, trusted by the guest with its private pages, as a consumer of both sides (SEV-TIO, `tee=snp`).
 *
 * "Discarded" means to it: unplugged, and nothing else. Shared pages are mapped on their shared side as for any device;
 * private ones on their private side, for which the host IOMMU needs a way to guest_memfd. It expects `subscribe`,
 * `convert` and the plug events to move its mappings from one side to the other. A design that calls private pages
 * discarded gives it its shared pages only. With TDX Connect (`tee=tdx`) the private side is the TDX module's to map;
 * such a device is a plain consumer of shared pages and needs none of this.
 *
 * HYPOTHETICAL: no released kernel pins private guest_memfd. The door follows the SEV-TIO series
 * 20250218111017.491719-1, patch 12/22 (IOMMU_IOAS_MAP_FILE of a guest_memfd). Not covered: the device's attestation,
 * its own IOMMU, private MMIO, migration of any of it.
 */
import { type Consumer, guestMemfdHostPage, type Instance, type Section, type Side, type Status } from '@sda-lab/guest-memory';
import type { ContainerListener, IommuContainer, ListenerCall } from '@sda-lab/vfio-mock';

export class TdispDevice implements Consumer {
  readonly sides = 'both';
  readonly #listener: ContainerListener;
  readonly #kernel: IommuContainer;
  readonly #observe: (call: ListenerCall, side: Side) => void;
  #isPrivateLast = false;
  #done = 0;
  /** The device is there; until then runs belong to its coming. */
  isAttached = false;

  constructor(listener: ContainerListener, kernel: IommuContainer, observe: (call: ListenerCall, side: Side) => void) {
    this.#listener = listener;
    this.#kernel = kernel;
    this.#observe = observe;
  }

  get name(): string {
    return this.#listener.name;
  }

  get smallestPages(): number {
    return this.#listener.smallestPages;
  }

  get unmapShape(): 'range' | 'exact' {
    return this.#listener.unmapShape;
  }

  get done(): number {
    return this.#isPrivateLast ? this.#done : this.#listener.done;
  }

  mapRun(section: Section, side: Side, firstPage: number, pageCount: number, granulePages: number): Status {
    if (side === 'shared') {
      const answer = this.#listener.mapRun(section, side, firstPage, pageCount, granulePages);
      this.#isPrivateLast = false;
      return answer;
    }
    const firstGfn = section.firstGfn + firstPage - section.firstPage;
    const hostPage = guestMemfdHostPage(section.block, firstPage);
    const status = this.#kernel.mapPages(firstGfn, hostPage, pageCount, granulePages, !section.readonly);
    const doneGranules = status === 0 ? 0 : this.#kernel.done;
    const call = { section, firstGfn, pageCount, granulePages, status, doneGranules };
    this.#observe({ kind: 'map', context: this.isAttached ? 'run' : 'attach', ...call }, side);
    this.#done = doneGranules;
    this.#isPrivateLast = true;
    return status;
  }

  unmapRun(section: Section, side: Side, firstPage: number, pageCount: number): Status {
    if (side === 'shared') return this.#listener.unmapRun(section, side, firstPage, pageCount);
    const firstGfn = section.firstGfn + firstPage - section.firstPage;
    const status = this.#kernel.unmapPages(firstGfn, pageCount);
    const call = { section, firstGfn, pageCount, granulePages: pageCount, status, doneGranules: 0 };
    this.#observe({ kind: 'unmap', context: 'run', ...call }, side);
    return status;
  }
}

/** The instance as the device's listener meets it: it subscribes the device, which takes both sides, for itself. */
export function subscribingDevice(instance: Instance, device: Consumer): Instance {
  return {
    ...instance,
    subscribe: (_listener, section) => instance.subscribe(device, section),
    unsubscribe: (_listener, section) => instance.unsubscribe(device, section),
  };
}
